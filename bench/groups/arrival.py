"""Arrival: the time from "done" at the provider to Ready on an open page, in a real browser, at the real pace."""

import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Page, sync_playwright

from bench.figures import Figure
from bench.rig import Rig
from tests.e2e.person import MIRA, WALK
from tests.e2e.studio import Studio, wait_until
from tests.e2e.template import EMAIL, PASSWORD
from tests.fake_apixo import FakeApixo
from tests.media.clips import FASTSTART, clip
from tests.needs import browser
from tests.proof.load.doors import forged
from tests.proof.load.outside import studio_with

JOBS = 50
# A row that turns Ready writes down when.
WATCH = """
() => {
  window.ready = {};
  const look = () => {
    for (const row of document.querySelectorAll("tr.job-row"))
      if (!(row.id in window.ready) && row.textContent.includes("Ready")) window.ready[row.id] = Date.now();
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
}
"""


def figures(rig: Rig) -> Iterator[Figure]:
    for callbacks, goal in ((True, "≤ 3"), (False, "≤ 12")):
        with tempfile.TemporaryDirectory() as folder:
            times = sorted(_run(Path(folder), callbacks=callbacks))
        name = f"provider done → Ready on the list of {JOBS}, {'with' if callbacks else 'without'} callbacks"
        yield Figure(f"{name}, median", "", [statistics.median(times)], "s")
        yield Figure("the same, 95th percentile", goal, [times[int(len(times) * 0.95) - 1]], "s")


def _run(folder: Path, *, callbacks: bool) -> list[float]:
    film = clip(1.0, options=FASTSTART)
    env: dict[str, Any] = {"WANSTUDIO_PACE": "1", "WANSTUDIO_IN_FLIGHT": str(JOBS)}
    with studio_with(folder, callbacks=callbacks, **env) as (studio, apixo, person), sync_playwright() as playwright:
        apixo.files |= {"/mira.png": MIRA.read_bytes(), "/walk.mp4": WALK.read_bytes()}
        links: dict[str, Any] = {f"{kind}_url": f"http://{apixo.host}/{name}" for kind, name in _INPUTS}
        for _ in range(JOBS):
            person.generate(**links)
        wait_until(lambda: len(_running(studio)) == JOBS, "all run", 120)
        page = _open_list(playwright, studio)
        # Without callbacks the first look comes after 60 s; from then on they come evenly.
        if not callbacks:
            wait_until(lambda: len(set(apixo.polls)) == JOBS, "each was looked at once", 120)
        done = _finish(studio, apixo, film, callbacks=callbacks)
        wait_until(lambda: page.evaluate("Object.keys(window.ready).length") == JOBS, "all are Ready", 60)
        ready: dict[str, Any] = page.evaluate("window.ready")
        return [ready[f"row-{job}"] / 1000 - moment for job, moment in done.items()]


_INPUTS = (("character", "mira.png"), ("motion", "walk.mp4"))


def _running(studio: Studio) -> list[tuple[Any, ...]]:
    return studio.rows("SELECT id, task_id FROM wanstudio_job WHERE state = 'running'")


def _open_list(playwright: Any, studio: Studio) -> Page:
    page: Page = playwright.chromium.launch(executable_path=browser(), args=["--no-sandbox"]).new_page()
    page.goto(studio.url + "/accounts/login/")
    page.fill("input[name=login]", EMAIL)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(studio.url + "/")
    page.goto(studio.url + "/jobs/")
    page.evaluate(WATCH)
    return page


def _finish(studio: Studio, apixo: FakeApixo, film: bytes, *, callbacks: bool) -> dict[int, float]:
    """One after the other, as they would; when each was done, by job."""
    doors = {post.task_id: post.callback_path for post in apixo.posts if callbacks}
    done = {}
    for job, task in _running(studio):
        # Any moment between two looks of the page is as good as another.
        time.sleep(random.uniform(0.4, 1.2))
        link = apixo.succeed(task, film)[0]
        done[job] = time.time()
        if callbacks:
            requests.post(studio.url + doors[task], forged(task, link), timeout=30)
    return done
