"""The one app."""

from django.apps import AppConfig


class WanStudioConfig(AppConfig):
    name = "wanstudio"
    verbose_name = "Wan Studio"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanstudio import checks, hints  # noqa: F401  (registers the system checks)

        hints.connect()
