"""The worker: what it costs while idle, the jobs of a second with a provider that answers at once, and click to POST.

Each with no old jobs and with those of the large studio. The provider and who clicks are processes of their own on the
same machine.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests

from bench.figures import Figure
from bench.groups.startup import below, processor_s
from bench.rig import Rig, Seeded
from tests.e2e.person import Person, value_of
from tests.e2e.studio import ROOT, Studio, wait_until
from tests.e2e.template import OWNER, PASSWORD
from tests.media.clips import FASTSTART, clip

IDLE_S, CLICKS, AHEAD = 20.0, 20, 24
LIMITS = {
    "WANSTUDIO_CALLS_PER_MINUTE": "100000",
    "WANSTUDIO_IN_FLIGHT": "200",
    "WANSTUDIO_PACE": "0.005",
    "WANSTUDIO_API_CALLS_A_MINUTE": "1000000",
}
TOKEN = """
from wanstudio.api.authentication import create_token
from wanstudio.teams.models import Membership
print(create_token(Membership.objects.filter(role="owner").order_by("pk")[0], "bench", "make").secret)
"""
BEFORE = {
    "idle": "7.5 % of a core, 62 with a million",
    "jobs": "4.75",
    "cost": "227 ms, 939 with a million",
    "click": "274 ms",
}


def figures(rig: Rig) -> Iterator[Figure]:
    """For as many seconds as runs allow: seven runs are the five minutes of the goal."""
    seconds = 300 if rig.runs >= 7 else 10 * rig.runs
    yield from _measured(rig, None, "no old jobs", seconds)
    yield from _measured(rig, rig.large(), f"{rig.sizes[1]:,} old jobs", seconds)


def _measured(rig: Rig, old: Seeded | None, name: str, seconds: float) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, _provider(Path(folder)) as host:
        env = {"APIXO_API_KEY": "sk-of-the-bench", "APIXO_BASE_URL": f"http://{host}/api/v1", **LIMITS}
        with rig.studio(old, **env) if old else _empty(Path(folder), env) as studio:
            clicks = Clicks(studio, Person(studio))
            idle = _idle(studio, rig.runs)
            yield Figure(f"{name}: idle, all processes", "", [sum(each.values()) for each in idle], "% of a core")
            alone = [each["worker"] for each in idle]
            yield Figure(f"{name}: idle, the worker", "≤ 0.5", alone, "%", before=BEFORE["idle"])
            to_post = sorted(clicks.to_post_ms(host) for _ in range(CLICKS))
            yield Figure(f"{name}: click → POST", "≤ 100", to_post, "ms elapsed", before=BEFORE["click"])
            for way, click in (("API", clicks.click), ("form", clicks.click_form)):
                a_second, costs = _throughput(studio, clicks, click, seconds)
                title = f"{name}: click by {way} to Ready, {seconds:.0f} s long"
                yield Figure(title, "≥ 12", [a_second], "jobs/s", before=BEFORE["jobs"])
                through = costs["worker"] + costs["decoders"]
                title = f"{name}: processor's part of a job by {way}, worker and decoders"
                yield Figure(title, "≤ 80", [through], "ms", before=BEFORE["cost"])
                for process, cost in sorted(costs.items()):
                    yield Figure(f"{name}: of it {process}", "", [cost], "ms")


@contextmanager
def _provider(folder: Path) -> Iterator[str]:
    film = folder / "film.mp4"
    film.write_bytes(clip(2.0, fps=16, size=(480, 832), options=FASTSTART))
    command = [sys.executable, "-m", "bench.instant_provider", str(film)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield f"127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


@contextmanager
def _empty(folder: Path, env: dict[str, str]) -> Iterator[Studio]:
    studio = Studio(folder / "data", None, LOG_LEVEL="WARNING", **env)
    try:
        studio.start()
        studio.manage(*OWNER, WANSTUDIO_PASSWORD=PASSWORD)
        yield studio
    finally:
        studio.end()


class Clicks:
    """Jobs from the JSON API and from the form, as many at once as are asked for."""

    def __init__(self, studio: Studio, person: Person) -> None:
        self.studio, self._url = studio, f"{studio.url}/api/v1/jobs"
        self.first = person.make_sample()
        ((character, motion, price),) = studio.rows(
            "SELECT character_id, motion_id, price FROM wanstudio_job WHERE id = ?", self.first
        )
        self._order: dict[str, Any] = {"character": character, "motion": motion, "price": str(price)}
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {studio.python(TOKEN)}"
        wait_until(lambda: self.ready() == 1, "the first is Ready", 60)
        self._person, page = person, person.get("/").text
        named = {name: value_of(page, name) for name in ("csrfmiddlewaretoken", "team")}
        chosen = {"behaviour": "animate", "resolution": "480p", "quoted": self._order["price"]}
        self._form = {**named, **chosen, "character": str(character), "motion": str(motion)}

    def click(self) -> int:
        answer = self._session.post(self._url, json=self._order, timeout=60)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def click_form(self) -> None:
        form = {**self._form, "nonce": str(uuid4())}
        answer = self._person.session.post(f"{self.studio.url}/jobs/", form, timeout=60, allow_redirects=False)
        assert (answer.status_code, "/jobs/" in answer.headers.get("Location", "")) == (302, True), answer.text

    def ready(self) -> int:
        done = "SELECT count(*) FROM wanstudio_job WHERE state = 'done' AND id >= ?"
        return int(self.studio.rows(done, self.first)[0][0])

    def to_post_ms(self, host: str) -> float:
        """Of one click, with the studio idle before it."""
        time.sleep(0.5)
        began = time.time()
        job = self.click()
        sent = "SELECT task_id FROM wanstudio_job WHERE id = ? AND task_id != ''"
        task = wait_until(lambda: self.studio.rows(sent, job), "it is sent")[0][0]
        return float(1000 * (requests.get(f"http://{host}/posts", timeout=10).json()[task] - began))


def _processes(studio: Studio) -> dict[str, list[int]]:
    """The ids of the web processes and their supervisor, of the worker, and of those that it decodes files in."""
    assert studio._process
    ((name,),) = studio.rows("SELECT name FROM wanstudio_heartbeat ORDER BY seen_at DESC LIMIT 1")
    worker = int(name.rpartition(":")[2])
    decoders = below(worker)
    others = {studio._process.pid, *below(studio._process.pid)} - {worker, *decoders}
    return {"web": sorted(others), "worker": [worker], "decoders": decoders}


def _spent(studio: Studio) -> dict[str, float]:
    """Processor seconds by process, decoders that have ended among theirs."""
    found = _processes(studio)
    spent = {name: processor_s(pids) for name, pids in found.items()}
    own = _own_s(*found["worker"])
    return {**spent, "worker": own, "decoders": spent["decoders"] + spent["worker"] - own}


def _own_s(pid: int) -> float:
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def _idle(studio: Studio, runs: int) -> list[dict[str, float]]:
    time.sleep(3)
    shares = []
    for _ in range(min(runs, 3)):
        before = _spent(studio)
        time.sleep(IDLE_S)
        shares.append({name: 100 * (spent - before[name]) / IDLE_S for name, spent in _spent(studio).items()})
    return shares


def _throughput(
    studio: Studio, clicks: Clicks, click: Callable[[], object], seconds: float
) -> tuple[float, dict[str, float]]:
    """Jobs that were Ready, a second, while a few are always under way; and ms of processor time of each by process."""
    before, count, began = _spent(studio), clicks.ready(), time.monotonic()
    sent = done = 0
    with ThreadPoolExecutor(4) as pool:
        while time.monotonic() < began + seconds:
            done = clicks.ready() - count
            more = AHEAD - (sent - done)
            sent += len(list(pool.map(lambda _: click(), range(more)))) if more > 0 else 0
            # Asking once more at once would be what is measured.
            time.sleep(0.05)
    took = time.monotonic() - began
    wait_until(lambda: clicks.ready() - count >= sent, "all are Ready", 120)
    after = _spent(studio)
    return done / took, {name: 1000 * (after[name] - before[name]) / max(sent, 1) for name in after}
