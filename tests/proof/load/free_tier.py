"""A provider's free tier: so many calls a minute, so many tasks at a time, and 429 beyond."""

import threading
import time
from collections import deque
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.e2e.person import MIRA, WALK
from tests.e2e.studio import wait_until
from tests.fake_apixo import API, FakeApixo, refusal
from tests.media.clips import FASTSTART, clip
from tests.proof.load.outside import studio_with
from tests.provider.scripted import Move

INPUTS = {"character_url": ("/mira.png", MIRA), "motion_url": ("/walk.mp4", WALK)}


class FreeTier:
    """Stands before an APIXO. `pace` scales its minute and its tasks; `film` is what each task is made into.

    `calls`: the moment of each, in its seconds since the first, and whether it was refused. A minute is any span of 60
    s, or one of its clock (`fixed`). A refused call does not count. `hint`: whether a 429 says when to come back.
    """

    def __init__(self, apixo: FakeApixo, film: bytes, pace: float, *, fixed: bool = False, hint: bool = False) -> None:
        self.calls_a_minute, self.tasks_at_a_time, self.task_s = 10, 3, 80.0
        self.calls: list[tuple[float, bool]] = []
        self._apixo, self._film, self._pace, self._fixed, self._hint = apixo, film, pace, fixed, hint
        self._passed: deque[float] = deque()
        self._made_at: dict[str, float] = {}
        self._began = 0.0
        self._lock = threading.Lock()
        self._respond = apixo.respond
        apixo.respond = self._limited  # type: ignore[method-assign]

    def refused(self, since_s: float = 0) -> tuple[int, int]:
        """429s, and all calls, from this second on."""
        late = [refused for at, refused in self.calls if at >= since_s]
        return sum(late), len(late)

    def _limited(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Move:
        if not urlsplit(target).path.startswith(API):
            return self._respond(method, target, headers, body)
        with self._lock:
            self._began = self._began or time.monotonic()
            now = (time.monotonic() - self._began) / self._pace
            self._finish(now)
            wait_s = self._until_free(now)
            is_full = method == "POST" and self._processing() >= self.tasks_at_a_time
            self.calls.append((now, wait_s > 0 or is_full))
            if wait_s or is_full:
                named = {"Retry_After": str(int(wait_s * self._pace) + 1)} if self._hint and wait_s else {}
                return refusal(429, "Too many requests", **named)
            self._passed.append(now)
            before = set(self._apixo.tasks)
            move = self._respond(method, target, headers, body)
            self._made_at |= dict.fromkeys(set(self._apixo.tasks) - before, now)
            return move

    def _until_free(self, now: float) -> float:
        start = now // 60 * 60 if self._fixed else now - 60
        while self._passed and self._passed[0] < start:
            self._passed.popleft()
        return (
            0.0 if len(self._passed) < self.calls_a_minute else (start if self._fixed else self._passed[0]) + 60 - now
        )

    def _processing(self) -> int:
        return sum(self._apixo.tasks[task]["state"] == "processing" for task in self._made_at)

    def _finish(self, now: float) -> None:
        for task, made_at in self._made_at.items():
            if now - made_at >= self.task_s and self._apixo.tasks[task]["state"] == "processing":
                self._apixo.succeed(task, self._film)


class Figures(NamedTuple):
    """Of a run: `minutes` until all were Ready; 429s and calls in the first two minutes, and after them."""

    minutes: float
    ready: int
    posts_taken: int
    early: tuple[int, int]
    late: tuple[int, int]
    learned: tuple[Any, ...]
    polls_a_job: int


def run(folder: Path, jobs: int, pace: float, template: Path | None = None, **kind: bool) -> Figures:
    """That many jobs at once, in a studio with two workers and no callbacks. `kind`: of the FreeTier."""
    paced: dict[str, Any] = {"DJANGO_SETTINGS_MODULE": "tests.proof.load.paced", "PACE": str(pace)}
    with (
        studio_with(folder, template, callbacks=False, **paced) as (studio, apixo, person),
        studio.beside("work"),
    ):
        apixo.files |= {name: path.read_bytes() for name, path in INPUTS.values()}
        tier = FreeTier(apixo, clip(1.0, options=FASTSTART), pace, **kind)
        links: dict[str, Any] = {field: f"http://{apixo.host}{name}" for field, (name, _) in INPUTS.items()}
        began = time.monotonic()
        for _ in range(jobs):
            person.generate(**links)

        def ready() -> int:
            return int(studio.rows("SELECT count(*) FROM wanstudio_job WHERE state = 'done'")[0][0])

        wait_until(lambda: ready() == jobs, "all are Ready", 600)
        minutes = (time.monotonic() - began) / 60 / pace
        (refused, calls), late = tier.refused(), tier.refused(since_s=120)
        key = studio.rows("SELECT calls_limit, tasks_limit FROM wanstudio_providerkey WHERE provider = 'apixo'")[0]
        polls = studio.rows("SELECT max(polls) FROM wanstudio_job")[0][0]
        early = refused - late[0], calls - late[1]
        return Figures(minutes, ready(), len(apixo.made), early, late, key, polls + 1)
