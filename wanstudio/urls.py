"""Every route, grouped by noun. A name says module and function: `jobs.status`."""

from django.urls import include, path

from wanstudio.views import files, first_run, health, hooks, jobs, settings, studio, team, tries, uploads, usage, videos

urlpatterns = [
    path("", studio.index, name="studio.index"),
    path("price/", studio.price, name="studio.price"),
    path("uploads/", uploads.index, name="uploads.index"),
    path("uploads/add/", uploads.add, name="uploads.add"),
    path("uploads/sample/", uploads.sample, name="uploads.sample"),
    path("uploads/<int:pk>/slot/", uploads.slot, name="uploads.slot"),
    path("uploads/<int:pk>/delete/", uploads.delete, name="uploads.delete"),
    path("uploads/<int:pk>/file", files.source, name="uploads.file"),
    path("uploads/<int:pk>/poster", files.source_poster, name="uploads.poster"),
    path("jobs/", jobs.index, name="jobs.index"),
    path("jobs/status/", jobs.status, name="jobs.status"),
    path("jobs/<int:pk>/", jobs.show, name="jobs.show"),
    path("jobs/<int:pk>/cancel/", jobs.cancel, name="jobs.cancel"),
    path("jobs/<int:pk>/curl/", jobs.curl, name="jobs.curl"),
    path("jobs/<int:pk>/decide/", jobs.decide, name="jobs.decide"),
    path("jobs/<int:pk>/try-now/", jobs.try_now, name="jobs.try_now"),
    path("jobs/<int:pk>/tries/<int:attempt>/", tries.decide, name="tries.decide"),
    path("jobs/<int:pk>/rename/", jobs.rename, name="jobs.rename"),
    path("videos/", videos.index, name="videos.index"),
    path("videos/<int:pk>/", videos.show, name="videos.show"),
    path("videos/<int:pk>/favourite/", videos.favourite, name="videos.favourite"),
    path("videos/<int:pk>/file", files.video, name="videos.file"),
    path("videos/<int:pk>/poster", files.video_poster, name="videos.poster"),
    path("team/", team.show, name="team.show"),
    path("usage/", usage.show, name="usage.show"),
    path("usage/ledger.csv", usage.ledger, name="usage.ledger"),
    path("settings/", settings.show, name="settings.show"),
    path("settings/sending/", settings.sending, name="settings.sending"),
    path("settings/balance/", settings.balance, name="settings.balance"),
    path("setup/", first_run.setup, name="setup"),
    path("accounts/", include("allauth.account.urls")),
    # Doors for machines
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("hooks/apixo/<str:token>/", hooks.apixo, name="hooks.apixo"),
    path("files/<str:signed>/<str:name>", files.show, name="files.show"),
]
