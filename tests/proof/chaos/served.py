"""The part of the drill in which the web is served by the studio's server, and dies at any moment of a request."""

import random
import time
from pathlib import Path

from django.conf import settings

from tests.proof.chaos.crew import STARTS_WITHIN_S, wait_until
from tests.proof.chaos.drill import HIT_WITHIN_S, Drill
from tests.proof.chaos.plan import Kill, draw_real_web
from tests.proof.chaos.real_web import RealWeb

# A request takes about as long; the web dies anywhere in it.
MOMENT_S = 0.06
# The supervisor waits longer and longer before it starts again what keeps dying.
EVERY = 12


def play_real_web(drill: Drill, kills: int, seed: int, log: Path) -> None:
    """`kills` deaths of the serving processes, every twelfth of the web as a whole."""
    web, dice = RealWeb(settings.LINK_BASE, log), random.Random(seed)
    drill.crew.start_all()
    drill.crew.end("web")
    web.start()
    count = 0

    def kill(order: Kill) -> None:
        nonlocal count
        count += 1
        case = drill.cast.new(order.variant, order.call)
        asking = drill.provoke(order, case)
        if order.call:
            wait_until(lambda: bool(drill.apixo.books.of(case.marker)), HIT_WITHIN_S)
        time.sleep(dice.uniform(0, MOMENT_S))
        if web.kill(whole=count % EVERY == 0):
            drill.report.died(order)
        else:
            drill.report.miss(order)
        drill.finish(order, case, asking)
        assert wait_until(web.is_up, STARTS_WITHIN_S), log.read_text()[-2000:]

    try:
        drill.play(draw_real_web(kills, seed), "web under its supervisor", kill)
    finally:
        web.stop()
