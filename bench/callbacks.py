"""Callbacks: how long 50 a second take while the provider hangs."""

import tempfile
from pathlib import Path

from bench.words import say
from tests.e2e.studio import wait_until
from tests.proof.load.doors import forged, knock
from tests.proof.load.outside import studio_with
from tests.provider.scripted import hang

A_SECOND, SECONDS, RUNS = 50, 10, 3


def callbacks() -> None:
    say(f"callbacks at {A_SECOND} a second for {SECONDS} s while the provider hangs")
    with tempfile.TemporaryDirectory() as folder, studio_with(Path(folder)) as (studio, apixo, person):
        job = person.make_sample()
        wait_until(
            lambda: studio.rows("SELECT state FROM wanstudio_job WHERE id = ?", job) == [("running",)], "it runs"
        )
        apixo.on_status(hang, always=True)
        body = forged(apixo.made[0], f"http://{apixo.host}/foreign.mp4")
        for run in range(1, RUNS + 1):
            times = sorted(
                took
                for _, took in knock(
                    studio.url + apixo.posts[0].callback_path, body, a_second=A_SECOND, seconds=SECONDS
                )
            )
            median, late = times[len(times) // 2], times[int(len(times) * 0.99)]
            say(f"  run {run}: median {median:.0f} ms, slowest 1 % from {late:.0f} ms, slowest {times[-1]:.0f} ms")
        apixo.over.set()
