"""Whether the studio lives, for machines and for the owner."""

import shutil
from typing import NamedTuple

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from wanstudio.addresses import is_reachable
from wanstudio.models import Heartbeat

BYTES_A_VIDEO = 5_000_000


class Check(NamedTuple):
    title: str
    ok: bool | None
    sentence: str


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """Database, storage and worker: 200, or 503 with what is missing."""
    parts = {"database": _database(), "storage": _storage(), "worker": _worker()}
    ready = all(parts.values())
    return JsonResponse({"ready": ready, **parts}, status=200 if ready else 503)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _storage() -> bool:
    try:
        default_storage.exists("probe")
    except OSError:
        return False
    return shutil.disk_usage(settings.DATA_DIR).free > settings.MIN_FREE_BYTES


def _worker() -> bool:
    try:
        return Heartbeat.alive()
    except DatabaseError:
        return False


def machine_checks() -> list[Check]:
    """What the setup page says about this machine, in words."""
    free = shutil.disk_usage(settings.DATA_DIR).free
    room = f"{free / 1e9:,.0f} GB free, room for about {free // BYTES_A_VIDEO:,} videos."
    engine = "PostgreSQL, ready." if connection.vendor == "postgresql" else "SQLite, ready. Good for a small team."
    alive = _worker()
    return [
        Check("Database", True, engine),
        Check("Storage", free > settings.MIN_FREE_BYTES, room),
        Check("Worker", alive, "Running." if alive else "Not seen yet. It starts together with the studio."),
        _public_address(),
        _provider(),
    ]


def _public_address() -> Check:
    if settings.WANSTUDIO_URL:
        return Check("Public address", True, settings.WANSTUDIO_URL)
    if is_reachable(settings.PROVIDER):
        return Check("Public address", None, "Not set, and not needed in the sandbox. With a key, set WANSTUDIO_URL.")
    return Check("Public address", None, "Not set. Links work; uploads need WANSTUDIO_URL.")


def _provider() -> Check:
    if settings.PROVIDER == "sandbox":
        return Check("APIXO key", None, "Not set. The sandbox stands in: videos are stand-ins and nothing is billed.")
    return Check("APIXO key", True, "Set. Videos are made by APIXO and billed to the key.")
