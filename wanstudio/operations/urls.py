"""Routes of the studio's health."""

from django.urls import path

from wanstudio.operations import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
