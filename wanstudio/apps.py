"""The one app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class WanStudioConfig(AppConfig):
    name = "wanstudio"
    verbose_name = "Wan Studio"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanstudio.accounts import sign_ins
        from wanstudio.append_only import lock
        from wanstudio.operations import system_checks as checks  # noqa: F401  (registers the system checks)
        from wanstudio.work import broker_hints as hints

        hints.connect()
        sign_ins.connect()
        post_migrate.connect(lock, sender=self, dispatch_uid="ledger_lock")
