"""System checks: nonsense in the settings that only shows when several are seen together."""

from collections.abc import Sequence

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, register
from django.core.checks import Warning as CheckWarning


@register()
def public_address(app_configs: Sequence[AppConfig] | None, **kwargs: object) -> list[CheckMessage]:
    """Listening to a network without a name for it."""
    if settings.HOST in ("127.0.0.1", "localhost", "::1") or len(settings.ALLOWED_HOSTS) > 3:
        return []
    return [
        CheckWarning(
            f"HOST is {settings.HOST}, but WANSTUDIO_ALLOWED_HOSTS names no host.",
            hint="Add the name people type into their browser, or they get “Bad Request”.",
            id="wanstudio.W001",
        )
    ]
