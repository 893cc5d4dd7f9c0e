"""The part of the drill that has no points: real workers, beat and the broker, killed at any moment."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

from tests.proof.chaos.crew import COMES_AND_GOES_S, ROOT, STARTS_WITHIN_S, wait_until
from tests.proof.chaos.drill import FORM_WITHIN_S, HIT_WITHIN_S, Drill, age
from tests.proof.chaos.outcomes import VARIANTS
from tests.proof.chaos.plan import ANY_MOMENT, Kill
from tests.proof.chaos.zygote import die_with_parent
from tests.servers import Server
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.work.models import Heartbeat

# From the click on: a job is sent, followed and archived within about this.
MOMENT_S = 0.5


def draw_outside(counts: dict[str, int], seed: int) -> list[Kill]:
    """So many deaths of each: `work`, `beat`, `broker`."""
    dice = random.Random(seed)
    plan = [Kill(ANY_MOMENT[name], dice.choice(VARIANTS)) for name, count in counts.items() for _ in range(count)]
    dice.shuffle(plan)
    return plan


class Outside:
    """`play` replaces the forked worker by `manage.py work`, and the forked one is back afterwards."""

    def __init__(self, drill: Drill, log: Path, seed: int, broker: Server | None = None) -> None:
        self._drill, self._log, self._broker = drill, log, broker
        self._dice = random.Random(seed)
        self._worker: subprocess.Popen[bytes] | None = None

    def play(self, plan: list[Kill]) -> None:
        crew = self._drill.crew
        crew.start_all()
        crew.end("worker")
        self._start()
        try:
            self._drill.play(
                plan, "manage.py work, beat and the broker" if self._broker else "manage.py work", self._kill
            )
        finally:
            self._end()
            age()
            crew.start("worker")

    def _kill(self, kill: Kill) -> None:
        drill = self._drill
        case = drill.cast.new(kill.variant)
        if kill.point == ANY_MOMENT["broker"]:
            assert self._broker
            self._broker.kill()
            # A page does not wait for a broker, and a sweep finds what nobody was told about.
            assert wait_until(lambda: drill.cast.click(case), FORM_WITHIN_S), "no click while the broker is away"
            drill.finish(kill, case, None)
            self._broker.start()
        else:
            drill.cast.write(case)
            drill.finish(kill, case, None)
            if kill.point == ANY_MOMENT["work"]:
                wait_until(lambda: Attempt.objects.filter(job__prompt=case.marker).exists(), HIT_WITHIN_S, 0.01)
            time.sleep(self._dice.uniform(0, MOMENT_S))
            if kill.point == ANY_MOMENT["beat"]:
                drill.crew.end("beat")
                drill.crew.start("beat")
            else:
                self._end()
                age()
                self._start()
        drill.report.died(kill)

    def _start(self) -> None:
        Heartbeat.objects.all().delete()
        env = {**os.environ, "LOG_LEVEL": "WARNING"}
        with self._log.open("ab") as log:
            self._worker = subprocess.Popen(
                [sys.executable, "manage.py", "work"],
                cwd=ROOT,
                env=env,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,
            )
        assert wait_until(Heartbeat.alive, STARTS_WITHIN_S, 0.05), self._log.read_text()[-2000:]

    def _end(self) -> None:
        if self._worker:
            self._worker.kill()
            self._worker.wait(COMES_AND_GOES_S)
            # Its POSTs name no process: it has no traps.
            self._drill.apixo.books.dead(0)
