"""Measurements within a process of the studio, called through `rig.Inside`: what a request of the owner costs."""

import time
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import clear_url_caches, path
from django.utils import timezone

from bench.figures import BARE
from bench.seed import EMAIL
from wanstudio import urls
from wanstudio.accounts.models import User
from wanstudio.work.models import Heartbeat


class Cost(TypedDict):
    """Of one request: milliseconds of processor (PostgreSQL's own among them) and of the clock, bytes of the body."""

    processor: float
    elapsed: float
    status: int
    bytes: int


@cache
def client() -> Client:
    """The owner's. A bare view is added, and a worker seems to be alive, as in a studio that runs."""
    urls.urlpatterns.insert(0, path(BARE[1:], _bare))
    clear_url_caches()
    # A beat in an hour: the worker still lives when the last group is measured.
    Heartbeat.objects.update_or_create(name="bench", defaults={"seen_at": timezone.now() + timedelta(hours=1)})
    made = Client()
    made.force_login(User.objects.get(email=EMAIL))
    return made


def _bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse("bare")


def cost(address: str, times: int = 1) -> Cost:
    """The mean of so many requests, one after the other."""
    owner = client()
    began, worked = time.perf_counter(), _processor_s()
    for _ in range(times):
        answer = owner.get(address)
        body = b"".join(answer) if answer.streaming else answer.content
    processor, elapsed = _processor_s() - worked, time.perf_counter() - began
    size = len(body)
    return {
        "processor": processor * 1000 / times,
        "elapsed": elapsed * 1000 / times,
        "status": answer.status_code,
        "bytes": size,
    }


def _processor_s() -> float:
    """Of this process, and of PostgreSQL's that serves it."""
    connection.ensure_connection()
    ours = time.process_time()
    if connection.vendor == "sqlite":
        return ours
    return ours + int(Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text().split()[0]) / 1e9


def status(address: str) -> int:
    return client().get(address).status_code


def text(address: str) -> str:
    return client().get(address).content.decode()


def queries(address: str) -> list[str]:
    """The SQL of one request."""
    client().get(address)
    with CaptureQueriesContext(connection) as asked:
        client().get(address)
    return [query["sql"] for query in asked.captured_queries]


def rows(sql: str) -> list[list[object]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [list(row) for row in cursor.fetchall()]


class Stream(TypedDict):
    """Of a streamed answer: ms to its first bytes, and how much more memory than these the whole took, in MB."""

    processor: float
    elapsed: float
    grown: float
    bytes: int


def stream(address: str, whole: bool) -> Stream:
    """`whole`: read it to its end, for the memory; else no further than its first rows."""
    began, worked = time.perf_counter(), time.process_time()
    answer: Any = client().get(address)
    parts = iter(answer)
    # The first part is the heading, which no row is needed for.
    size = len(next(parts)) + len(next(parts, b""))
    processor, elapsed = (time.process_time() - worked) * 1000, (time.perf_counter() - began) * 1000
    # The peak begins anew here.
    Path("/proc/self/clear_refs").write_text("5")
    before = _peak_mb()
    if whole:
        size += sum(len(part) for part in parts)
    grown = _peak_mb() - before
    answer.close()
    return Stream(processor=processor, elapsed=elapsed, grown=grown, bytes=size)


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
