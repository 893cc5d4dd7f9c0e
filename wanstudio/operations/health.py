"""Health of the studio, for machines and before a command; and settings that make no sense together."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, register
from django.core.checks import Warning as CheckWarning
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from wanstudio.data_files import is_writable
from wanstudio.encryption.encrypted_fields import CannotRotate, Unreadable
from wanstudio.operations.backups import versions
from wanstudio.operations.backups.snapshot import CannotOperate, media_root
from wanstudio.web.addresses import mail_problem
from wanstudio.work.models import Heartbeat
from wanstudio.work.outages import cause


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Database, storage and worker: 200, or 503 with what is missing."""
    # A video could be saved now: the storage is writable, and there is room.
    storage = is_writable(media_root()) and shutil.disk_usage(media_root()).free > settings.MIN_FREE_BYTES
    parts = {"database": _works(connection.is_usable), "storage": storage, "worker": _works(Heartbeat.alive)}
    ready = all(parts.values())
    return JsonResponse({"ready": ready, **parts}, status=200 if ready else 503)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures for Prometheus; the module is loaded only if they are switched on."""
    if not settings.METRICS_TOKEN and not settings.METRICS_ADDRESSES:
        raise Http404("no metrics")
    from wanstudio.operations.metrics import show

    return show(request)


def _works(ask: Callable[[], bool]) -> bool:
    try:
        connection.ensure_connection()
        return ask()
    except DatabaseError:
        return False


# The checks of a start; Django's others check the code, and would load all routes.
STUDIO = "studio"


@register(STUDIO)
def public_address(app_configs: Sequence[AppConfig] | None, **kwargs: object) -> list[CheckMessage]:
    found: list[CheckMessage] = [CheckWarning(why, id="wanstudio.W002")] if (why := mail_problem()) else []
    if settings.HOST not in ("127.0.0.1", "localhost", "::1") and len(settings.ALLOWED_HOSTS) <= 3:
        names_none = f"HOST is {settings.HOST}, but WANSTUDIO_ALLOWED_HOSTS names no host."
        hint = "Add the host name that people use, or they get “Bad Request”."
        found.append(CheckWarning(names_none, hint=hint, id="wanstudio.W001"))
    return found


BEHIND = "The database is new or has an earlier version. Start the studio with make run, which prepares it."


class StudioCommand(BaseCommand):
    """The base of our commands: it needs the database, and reports a failure in a sentence, never a traceback."""

    requires_system_checks: tuple[str, ...] = (STUDIO,)

    def execute(self, *args: object, **options: object) -> str | None:
        with in_a_sentence():
            return super().execute(*args, **options)


@contextmanager
def in_a_sentence() -> Iterator[None]:
    """Makes a CommandError of each failure that is to be expected; the first is a database that does not answer."""
    _require_database()
    try:
        yield
    except (CannotOperate, CannotRotate, Unreadable) as why:
        raise CommandError(str(why)) from why
    except (DatabaseError, OSError) as wrong:
        if away := cause(wrong):
            raise CommandError(away.why) from wrong
        if isinstance(wrong, DatabaseError) and versions.is_behind():
            raise CommandError(BEHIND) from wrong
        raise


def _require_database() -> None:
    try:
        connection.ensure_connection()
    except DatabaseError as wrong:
        named = connection.settings_dict
        where = ":".join(str(part) for part in (named["HOST"], named["PORT"]) if part)
        what = f"The database {named['NAME']} at {where}" if where else f"The database {named['NAME']}"
        why = " ".join(str(wrong).split("\n")[0].split())
        advice = "Start it, or check DATABASE_URL." if where else "Check the file and its owner, or restore a backup."
        raise CommandError(f"{what} cannot be used: {why}. {advice}") from None
