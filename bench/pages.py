"""Processor time of polls and pages, beside a bare view with the whole middleware: `python -m bench.pages`."""

import os
import sqlite3
import statistics
import time
from collections.abc import Callable

from tests import blank  # noqa: F401  (before anything reads the environment)

# isort: split
import django

os.environ |= {
    "LOG_LEVEL": "ERROR",
    "DJANGO_SETTINGS_MODULE": "tests.settings",
    "WANSTUDIO_ALLOWED_HOSTS": "testserver",
}
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import path  # noqa: E402

from bench.words import say  # noqa: E402
from tests import factories  # noqa: E402
from wanstudio import urls  # noqa: E402
from wanstudio.jobs.models import Job  # noqa: E402
from wanstudio.teams.models import Membership  # noqa: E402
from wanstudio.work.models import Heartbeat  # noqa: E402

RUNS, POLLS, PAGES, JOBS = 7, 40, 3, (1_000, 100_000)


def seeded() -> Client:
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    team, alice = factories.team(is_first=True), factories.user("Alice")
    Membership.objects.create(team=team, user=alice, role="owner")
    inputs = {"character": factories.character(team, alice), "motion": factories.motion(team, alice)}
    for _ in range(50):
        factories.job(team, alice, **inputs)
    Heartbeat.beat("bench")
    client = Client()
    client.force_login(alice)
    return client


def grow(to: int) -> None:
    """Old jobs, Ready, as copies of the first one."""
    connection.close()
    with sqlite3.connect(settings.DATABASES["default"]["NAME"]) as database:
        names = [row[1] for row in database.execute("PRAGMA table_info(wanstudio_job)")]
        new = {
            "id": "n + 1000",
            "nonce": "printf('%032x', n)",
            "state": "'done'",
            "due_at": "NULL",
            "money": "'settled'",
        }
        values = ", ".join(new.get(name, name) for name in names)
        database.execute(
            f"WITH RECURSIVE count(n) AS (SELECT (SELECT max(id) FROM wanstudio_job) UNION ALL SELECT n + 1 FROM count "  # noqa: S608
            f"WHERE n < {to}) INSERT INTO wanstudio_job ({', '.join(names)}) SELECT {values} FROM count, wanstudio_job "
            "WHERE wanstudio_job.id = 1"
        )


def cost_ms(act: Callable[[], object], times: int) -> float:
    act()
    began = time.process_time()
    for _ in range(times):
        act()
    return (time.process_time() - began) / times * 1000


def main() -> None:
    urls.urlpatterns.insert(0, path("bare/", lambda request: HttpResponse("bare")))
    client = seeded()
    jobs = list(Job.objects.order_by("pk").values_list("pk", "version"))

    def poll(count: int, off: int = 0) -> str:
        seen = ",".join(f"{pk}:{version + off}" for pk, version in jobs[:count])
        return f"/jobs/status/?as=rows&seen={seen}&worker=1&bell=0-0&every=2"

    asked = {"204, 1 job": poll(1), "204, 50 jobs": poll(50), "1 changed": poll(1, 1), "studio": "/", "jobs": "/jobs/"}
    for number in JOBS:
        grow(number)
        say(f"{number:,} jobs: processor ms, and the bare view's share of it (medians of {RUNS})")
        for name, address in asked.items():
            times = POLLS if "poll" in address or "status" in address else PAGES
            pairs = []
            for _ in range(RUNS):
                bare = cost_ms(lambda: client.get("/bare/"), POLLS)
                pairs.append((cost_ms(lambda address=address: client.get(address), times), bare))  # type: ignore[misc]
            took = statistics.median(one for one, _ in pairs)
            say(f"  {name}: {took:.2f} ms, {statistics.median(bare / one for one, bare in pairs):.3f}")


if __name__ == "__main__":
    main()
