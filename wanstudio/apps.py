"""The app's configuration: its `ready` imports what registers itself, and names the modules of steps to the worker."""

from importlib import import_module

from django.apps import AppConfig
from django.conf import settings
from django.core.signals import request_started
from django.db.models.signals import post_migrate, pre_migrate

# Each registers, as it is imported, what earlier rooms ask for: answers to questions, and the steps of the worker.
ANSWERS = (
    *("accounts.allauth_adapter", "teams.queries", "uploads.bridge.bucket_check", "jobs.answers", "review.queries"),
    *("sharing.queries", "sharing.verbs", "api.authentication", "operations.health"),
)
STEPS = (
    *("notifications.steps", "notifications.push_sending", "keys.steps", "uploads.steps", "jobs.steps"),
    *("videos.steps", "operations.sweep"),
)


class WanStudioConfig(AppConfig):
    name = "wanstudio"
    verbose_name = "Wan Studio"

    def ready(self) -> None:
        from wanstudio.append_only import lock
        from wanstudio.media import isolated
        from wanstudio.money import kept_sums
        from wanstudio.videos import search_index
        from wanstudio.work import broker_hints, reconnect, registry

        for module in ANSWERS:
            import_module(f"wanstudio.{module}")
        isolated.slots.folder = settings.DATA_DIR / "slots"
        registry.step_modules += [f"wanstudio.{module}" for module in STEPS]
        if settings.SENTRY_DSN:
            from wanstudio.operations.error_reports import begin

            begin()
        if settings.BROKER_URL:
            from wanstudio.celery import hand_over

            broker_hints.connect(hand_over)
        request_started.connect(reconnect.follow_file, dispatch_uid="follow_file")
        post_migrate.connect(reconnect.forget_statistics, sender=self, dispatch_uid="forget_statistics")
        pre_migrate.connect(search_index.lift, sender=self, dispatch_uid="search_lift")
        post_migrate.connect(search_index.install, sender=self, dispatch_uid="search_index")
        pre_migrate.connect(kept_sums.lift_before, sender=self, dispatch_uid="kept_sums_lift")
        post_migrate.connect(kept_sums.install, sender=self, dispatch_uid="kept_sums")
        post_migrate.connect(lock, sender=self, dispatch_uid="ledger_lock")
