"""SQLite under many writers, with the studio's own settings and tables: nobody is ever told that it is locked."""

import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from django.conf import settings
from django.db import connection

from tests.blank import DATABASE
from tests.jobs.test_worker_kill import ROOT
from tests.proof.load.conftest import LARGE
from tests.proof.load.conftest import say as say
from wanstudio.jobs.models.job import Job

PROCESSES, TIMES = 8, 200 if LARGE else 30
# Ready to go, it says so and waits for the others.
SCRIPT = """
import sys, time, django
django.setup()
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from wanstudio.models import Job
assert connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
pk, times, errors, slowest = int(sys.argv[1]), int(sys.argv[2]), 0, 0.0
Job.objects.count()
print("ready", flush=True)
sys.stdin.readline()
for _ in range(times):
    began = time.monotonic()
    try:
        with transaction.atomic():
            version = Job.objects.get(pk=pk).version
            Job.objects.filter(pk=pk, version=version).update(version=version + 1, polls=F("polls") + 1)
    except DatabaseError:
        errors += 1
    slowest = max(slowest, time.monotonic() - began)
print(errors, slowest)
"""


@pytest.mark.skipif(DATABASE != "sqlite", reason="it is SQLite that locks the whole file")
def test_eight_processes_read_and_write(job: Job, say: Callable[[str], None]) -> None:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "wanstudio.settings",
        "DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}",
        "WANSTUDIO_DATA": str(settings.DATA_DIR),
    }
    command = [sys.executable, "-c", SCRIPT, str(job.pk), str(TIMES)]
    writers = [
        subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(PROCESSES)
    ]
    try:
        for writer in writers:
            assert writer.stdout
            assert writer.stdout.readline() == "ready\n"
        began = time.monotonic()
        for writer in writers:
            assert writer.stdin
            writer.stdin.write("go\n")
            writer.stdin.flush()
        results = [writer.communicate(timeout=150)[0].split() for writer in writers]
    finally:
        for writer in writers:
            writer.kill()
    took, errors = time.monotonic() - began, sum(int(result[0]) for result in results)
    slowest = max(float(result[1]) for result in results)
    done = Job.objects.get(pk=job.pk).polls
    say(
        f"{PROCESSES} processes × {TIMES} read-then-write: {errors} errors, {done} written, "
        f"{PROCESSES * TIMES / took:.0f}/s, slowest {slowest:.2f} s"
    )
    assert errors == 0
    assert done == PROCESSES * TIMES, "each saw what the one before it had written"
