"""The one app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class WanStudioConfig(AppConfig):
    name = "wanstudio"
    verbose_name = "Wan Studio"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanstudio import checks, hints  # noqa: F401  (registers the system checks)
        from wanstudio.models.ledger_lock import lock
        from wanstudio.views import sign_ins

        hints.connect()
        sign_ins.connect()
        post_migrate.connect(lock, sender=self, dispatch_uid="ledger_lock")
