"""Whether the studio lives, for machines; `machine.py` says it in words."""

import shutil

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from wanstudio.models import Heartbeat


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
