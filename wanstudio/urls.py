"""Table of contents of the routes: each noun has its own in its `urls.py`."""

from django.urls import include, path

from wanstudio.operations import health
from wanstudio.web import home_screen, host_cookies

NOUNS = (
    *("activity", "accounts", "teams", "notifications", "keys", "uploads", "money", "jobs", "requests"),
    *("videos", "review", "sharing", "usage", "studio"),
)

handler500 = "wanstudio.operations.unavailable.failed"

urlpatterns = [
    *(path("", include(f"wanstudio.{noun}.urls")) for noun in NOUNS),
    path("theme/", host_cookies.choose, name="theme.choose"),
    path("", include("wanstudio.api.urls")),
    path("manifest.webmanifest", home_screen.manifest, name="manifest"),
    path("service-worker.js", home_screen.service_worker, name="service_worker"),
    path("offline/", home_screen.offline, name="offline"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
