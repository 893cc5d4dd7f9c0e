"""Start and idling: what `make run` takes to the first page if nothing has changed, and the memory of all processes."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import requests

from bench.figures import Figure
from bench.rig import Rig
from tests.e2e.studio import ROOT, Studio, wait_until

IDLES_S = 10
PYTHON = shlex.quote(sys.executable)
# As the Makefile has it.
RUN = f"{PYTHON} -Ic 'import pip' && exec {PYTHON} manage.py run --prepare"


def figures(rig: Rig) -> Iterator[Figure]:
    with rig.copy(rig.small()) as copied:
        studio = Studio(copied.folder, LOG_LEVEL="WARNING")
        studio.manage("prepare")
        took, worked, memory = [], [], []
        for number in range(min(rig.runs, 3)):
            seconds, processor, megabytes = _run(studio, measured=number == 0)
            took.append(seconds)
            worked.append(processor)
            memory += [megabytes] if megabytes else []
        yield Figure("make run to the first page, nothing changed", "≤ 4", took, "s elapsed", before="10 s")
        yield Figure("the processor's part of it, of all processes", "", worked, "s")
        yield Figure("memory of all processes, idle, proportional", "≤ 290", memory, "MB", before="363 MB")


def _run(studio: Studio, *, measured: bool) -> tuple[float, float, float]:
    """Seconds to the first page, those of the processor, and megabytes once it idles, if they are `measured`."""
    began = time.monotonic()
    with studio.log.open("ab") as log:
        process = subprocess.Popen(["sh", "-c", RUN], cwd=ROOT, env=studio.env, stdout=log, stderr=log)
    try:
        wait_until(lambda: _answers(studio.url), "the first page", 60)
        seconds = time.monotonic() - began
        processor = processor_s([process.pid, *below(process.pid)])
        if not measured:
            return seconds, processor, 0.0
        time.sleep(IDLES_S)
        return seconds, processor, sum(map(proportional_mb, (process.pid, *below(process.pid))))
    finally:
        process.terminate()
        process.wait(20)


def _answers(url: str) -> bool:
    with suppress(requests.RequestException):
        return requests.get(f"{url}/accounts/login/", timeout=5).status_code == 200
    return False


def below(pid: int) -> list[int]:
    """Its children and theirs."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, task.read_text().split())
    return [*found, *(one for child in found for one in below(child))]


def proportional_mb(pid: int) -> float:
    """Its memory, with what it shares counted in parts."""
    with suppress(OSError):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(text.partition("\nPss:")[2].split()[0]) / 1024
    return 0.0


def processor_s(pids: list[int]) -> float:
    """Processor seconds of these processes and of their children that have ended."""
    ticks = 0
    for pid in pids:
        with suppress(OSError):
            ticks += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")
