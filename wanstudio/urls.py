"""Every route, grouped by noun. A name says module and function: `jobs.status`."""

from django.urls import include, path

from wanstudio.api import endpoints as doors
from wanstudio.api import views as tokens
from wanstudio.notifications.views import notification_pages as notifications
from wanstudio.notifications.views import unsubscribe
from wanstudio.notifications.views import webhook_settings as webhook
from wanstudio.operations import health
from wanstudio.review.views import comment_forms as comments
from wanstudio.review.views import review_panel as review
from wanstudio.sharing.views import guest_comments as shared_comments
from wanstudio.sharing.views import link_dialog as shares
from wanstudio.sharing.views import shared_pages as shared
from wanstudio.studio import generate
from wanstudio.studio import views as studio
from wanstudio.videos.views import bin_pages as binned
from wanstudio.videos.views import collection_pages as collections
from wanstudio.videos.views import filing_forms as filing
from wanstudio.videos.views import selection
from wanstudio.videos.views import video_files as video_files
from wanstudio.videos.views import video_page as videos
from wanstudio.web import theme

urlpatterns = [
    path("", include("wanstudio.activity.urls")),
    path("", include("wanstudio.accounts.urls")),
    path("", include("wanstudio.teams.urls")),
    path("", studio.index, name="studio.index"),
    path("price/", studio.price, name="studio.price"),
    path("uploads/add/", studio.add_source, name="uploads.add"),
    path("uploads/sample/", studio.use_samples, name="uploads.sample"),
    path("uploads/<int:pk>/slot/", studio.source_slot, name="uploads.slot"),
    path("uploads/<int:pk>/restore/", binned.restore_upload, name="binned.restore_upload"),
    path("uploads/<int:pk>/erase/", binned.erase_upload, name="binned.erase_upload"),
    path("jobs/", generate.index, name="jobs.index"),
    path("", include("wanstudio.keys.urls")),
    path("", include("wanstudio.uploads.urls")),
    path("", include("wanstudio.money.urls")),
    path("", include("wanstudio.usage.urls")),
    path("", include("wanstudio.jobs.urls")),
    path("", include("wanstudio.requests.urls")),
    path("videos/", videos.index, name="videos.index"),
    path("videos/selected/tag/", selection.tag, name="selection.tag"),
    path("videos/selected/collect/", selection.collect, name="selection.collect"),
    path("videos/selected/bin/", selection.put_into_bin, name="selection.bin"),
    path("videos/selected/zip/", selection.download, name="selection.zip"),
    path("videos/bin/", binned.index, name="binned.index"),
    path("videos/<int:pk>/tag/", filing.tag, name="filing.tag"),
    path("videos/<int:pk>/collect/", filing.collect, name="filing.collect"),
    path("videos/<int:pk>/bin/", binned.add, name="binned.add"),
    path("videos/<int:pk>/restore/", binned.restore, name="binned.restore"),
    path("videos/<int:pk>/erase/", binned.erase, name="binned.erase"),
    path("videos/<int:pk>/", videos.show, name="videos.show"),
    path("videos/<int:pk>/favourite/", videos.favourite, name="videos.favourite"),
    path("videos/<int:pk>/file", video_files.video, name="videos.file"),
    path("videos/<int:pk>/poster", video_files.video_poster, name="videos.poster"),
    path("videos/<int:pk>/review/", review.show, name="review.show"),
    path("videos/<int:pk>/verdict/", review.decide, name="review.decide"),
    path("videos/<int:pk>/comments/", comments.add, name="comments.add"),
    path("comments/<int:pk>/edit/", comments.edit, name="comments.edit"),
    path("comments/<int:pk>/delete/", comments.delete, name="comments.delete"),
    path("comments/<int:pk>/resolve/", comments.resolve, name="comments.resolve"),
    path("collections/", collections.index, name="collections.index"),
    path("collections/add/", collections.add, name="collections.add"),
    path("collections/<int:pk>/edit/", collections.edit, name="collections.edit"),
    path("collections/<int:pk>/move/", collections.move, name="collections.move"),
    path("collections/<int:pk>/delete/", collections.delete, name="collections.delete"),
    path("videos/<int:pk>/share/", shares.video, name="shares.video"),
    path("collections/<int:pk>/share/", shares.collection, name="shares.collection"),
    path("shares/<int:pk>/edit/", shares.edit, name="shares.edit"),
    path("shares/<int:pk>/revoke/", shares.revoke, name="shares.revoke"),
    path("notifications/", notifications.index, name="notifications.index"),
    path("notifications/bell/", notifications.bell, name="notifications.bell"),
    path("notifications/read/", notifications.read, name="notifications.read"),
    path("notifications/<int:pk>/", notifications.follow, name="notifications.follow"),
    path("account/notifications/", notifications.choices, name="notifications.choices"),
    path("unsubscribe/<str:token>/", unsubscribe.show, name="unsubscribe"),
    path("account/tokens/", tokens.index, name="tokens.index"),
    path("account/tokens/<int:pk>/revoke/", tokens.revoke, name="tokens.revoke"),
    path("api/", tokens.guide, name="tokens.guide"),
    path("settings/webhook/", webhook.show, name="webhook.show"),
    path("settings/webhook/save/", webhook.save, name="webhook.save"),
    path("settings/webhook/rotate/", webhook.rotate, name="webhook.rotate"),
    path("settings/webhook/remove/", webhook.remove, name="webhook.remove"),
    path("settings/webhook/test/", webhook.test, name="webhook.test"),
    path("settings/webhook/<int:pk>/again/", webhook.redeliver, name="webhook.redeliver"),
    path("theme/", theme.choose, name="theme.choose"),
    # Guest access: the token says what may be seen, see sharing/queries.py
    path("s/<str:token>/", shared.show, name="shared.show"),
    path("s/<str:token>/password/", shared.unlock, name="shared.unlock"),
    path("s/<str:token>/videos/<int:pk>/", shared.video, name="shared.video"),
    path("s/<str:token>/videos/<int:pk>/review/", shared_comments.show, name="shared.comments"),
    path("s/<str:token>/videos/<int:pk>/comments/", shared_comments.add, name="shared.comment"),
    path("s/<str:token>/videos/<int:pk>/file", shared.file, name="shared.file"),
    path("s/<str:token>/videos/<int:pk>/poster", shared.poster, name="shared.poster"),
    # Doors for machines
    path("api/v1/", doors.api.urls),
    path("api/v1/<path:rest>", doors.nothing_here, name="api.nothing"),
    path("robots.txt", shared.robots, name="shared.robots"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
