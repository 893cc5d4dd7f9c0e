"""Checks on the settings page: each part of this machine, whether it works, and what to do if not."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection
from django.template.defaultfilters import filesizeformat

from wanstudio.work.models import SILENT_AFTER, Heartbeat

BYTES_A_VIDEO = 5_000_000


@dataclass(frozen=True)
class Check:
    """`ok` None: not set, and the studio works without it. `action`: where a button checks it again."""

    title: str
    ok: bool | None
    sentence: str
    action: str = ""
    is_checking: bool = False


# The checks of later rooms, shown after those of the machine.
registered: list[Callable[[], list[Check]]] = []


def studio_checks() -> list[Check]:
    """Every part of the studio. Reads rows and the disk, calls no one."""
    return [_database(), _disk(), _worker(), *(check for checks in registered for check in checks()), _mail()]


def _database() -> Check:
    postgres = connection.vendor == "postgresql"
    return Check("Database", True, "PostgreSQL, ready." if postgres else "SQLite, ready. Good for a small team.")


def _disk() -> Check:
    free = shutil.disk_usage(settings.DATA_DIR).free
    if free < settings.MIN_FREE_BYTES:
        of_what = f"{filesizeformat(free)} free of the {filesizeformat(settings.MIN_FREE_BYTES)} to keep free"
        paused = "Sending is paused until there is space, so that no paid result is lost."
        return Check("Storage", False, f"Only {of_what}. {paused}")
    return Check("Storage", True, f"{filesizeformat(free)} free, space for about {free // BYTES_A_VIDEO:,} videos.")


def _worker() -> Check:
    age = Heartbeat.age()
    if age is None:
        return Check("Worker", False, "Not seen yet. It starts with the studio.")
    if age < SILENT_AFTER:
        return Check("Worker", True, f"Running. Last heartbeat {in_words(age)} ago.")
    return Check("Worker", False, f"Not running: last heartbeat {in_words(age)} ago. Jobs wait; restart the studio.")


def in_words(age: timedelta) -> str:
    """`2 s`, `3 min`, `5 h`."""
    seconds = max(int(age.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 3600 else f"{seconds // 3600} h"


def _mail() -> Check:
    if not settings.EMAIL_URL:
        return Check("Mail", None, "Not set: people cannot reset their password. Set EMAIL_URL to your mail server.")
    host = urlsplit(settings.EMAIL_URL).hostname
    return Check("Mail", True, f"Set. Password links are sent{f' through {host}' if host else ''}.")
