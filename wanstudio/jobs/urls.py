"""Routes of jobs but their list, whose address is the studio's, too: a POST to it orders a video."""

from django.urls import path

from wanstudio.jobs.views import job_decisions, job_pages, status_poll
from wanstudio.provider import providers

urlpatterns = [
    path("jobs/status/", status_poll.status, name="jobs.status"),
    path("jobs/<int:pk>/", job_pages.show, name="jobs.show"),
    path("jobs/<int:pk>/cancel/", job_decisions.cancel, name="jobs.cancel"),
    path("jobs/<int:pk>/curl/", job_pages.curl, name="jobs.curl"),
    path("jobs/<int:pk>/decide/", job_decisions.decide, name="jobs.decide"),
    path("jobs/<int:pk>/try-now/", job_decisions.try_now, name="jobs.try_now"),
    path("jobs/<int:pk>/tries/<int:attempt>/", job_decisions.decide_earlier, name="tries.decide"),
    path("jobs/<int:pk>/rename/", job_decisions.rename, name="jobs.rename"),
    *(
        path(f"hooks/{name}/<str:token>/", job_decisions.callback, name=f"hooks.{name}")
        for name in sorted({provider.hook for provider in providers.PROVIDERS.values()})
    ),
]
