"""Every route, grouped by noun. A name says module and function: `jobs.status`."""

from django.urls import include, path

from wanstudio.api import endpoints as doors
from wanstudio.api import views as tokens
from wanstudio.operations import health
from wanstudio.studio import generate
from wanstudio.studio import views as studio
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
    path("", include("wanstudio.notifications.urls")),
    path("", include("wanstudio.videos.urls")),
    path("", include("wanstudio.review.urls")),
    path("", include("wanstudio.sharing.urls")),
    path("jobs/", generate.index, name="jobs.index"),
    path("", include("wanstudio.keys.urls")),
    path("", include("wanstudio.uploads.urls")),
    path("", include("wanstudio.money.urls")),
    path("", include("wanstudio.usage.urls")),
    path("", include("wanstudio.jobs.urls")),
    path("", include("wanstudio.requests.urls")),
    path("account/tokens/", tokens.index, name="tokens.index"),
    path("account/tokens/<int:pk>/revoke/", tokens.revoke, name="tokens.revoke"),
    path("api/", tokens.guide, name="tokens.guide"),
    path("theme/", theme.choose, name="theme.choose"),
    # Doors for machines
    path("api/v1/", doors.api.urls),
    path("api/v1/<path:rest>", doors.nothing_here, name="api.nothing"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
