"""Callbacks: how long 50 a second take while the provider hangs."""

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure
from bench.rig import Rig
from tests.e2e.studio import wait_until
from tests.proof.load.doors import forged, knock
from tests.proof.load.outside import studio_with
from tests.provider.scripted import hang

A_SECOND, SECONDS, RUNS = 50, 10, 3


def figures(rig: Rig) -> Iterator[Figure]:
    medians, late = [], []
    with tempfile.TemporaryDirectory() as folder, studio_with(Path(folder)) as (studio, apixo, person):
        job = person.make_sample()
        wait_until(
            lambda: studio.rows("SELECT state FROM wanstudio_job WHERE id = ?", job) == [("running",)], "it runs"
        )
        apixo.on_status(hang, always=True)
        body = forged(apixo.made[0], f"http://{apixo.host}/foreign.mp4")
        address = studio.url + apixo.posts[0].callback_path
        for _ in range(RUNS):
            times = sorted(took for _, took in knock(address, body, a_second=A_SECOND, seconds=SECONDS))
            medians.append(statistics.median(times))
            late.append(times[int(len(times) * 0.99)])
        apixo.over.set()
    yield Figure(f"a callback, {A_SECOND} a second while the provider hangs, median", "", medians, "ms")
    yield Figure("the same, the slowest 1 % from", "≤ 100", late, "ms")
