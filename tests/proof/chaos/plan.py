"""The plan of kills, from the seed: every point with every class of outcome that can come to it."""

import random
from typing import NamedTuple

from tests.proof.chaos.outcomes import BY_CLASS, Class, Variant

# While a job is being sent. The first list comes to every class, the second only where a connection stands.
SENDING = (
    *("claimed while queued", "before the attempt", "line locked", "attempt in its transaction", "attempt written"),
    *("answer read", "answer recorded", "before the move", "in the move", "moved", "released"),
)
ON_THE_LINE = ("connected", "half written", "request read", "task made", "half the answer", "answer written")
KEY_POINTS = {
    Class.ACCOUNT: ("key paused", "balance asked", "balance told", "balance noted", "key resumed"),
    Class.THROTTLED: ("key throttled",),
    Class.REJECTED: ("key struck", "before the ledger's entry", "ledger's entry"),
    Class.UNKNOWN: ("before the ledger's entry", "ledger's entry"),
}
# While a task is followed and its result brought home: whichever job comes there first.
FOLLOWING = (
    *("claimed again", "status asked", "status told", "success told", "archiving"),
    *("result begun", "half the result", "result sent", "draft verified", "file stored"),
    *("before the video's row", "video's row", "before done", "done"),
)
FOUND = ("before it is found again", "found again")
# A person sends it again, and then the first try turns out to have been taken: it gets a job of its own.
ADOPTED = ("before it is adopted", "adopted")
CLICKS = ("click: form read", "click: job written, not committed", "click: job committed")
UPLOADS = ("upload: read", "upload: file stored", "upload: row written")
CALLBACKS = ("callback: read", "callback: task id written", "callback: worker woken")
FILES = ("file half sent",)
# The web as it is really served, killed at any moment of these.
REAL_WEB = ("web: click", "web: callback", "web: upload", "web: file")
# What has no points.
ANY_MOMENT = {name: f"{name}: any moment" for name in ("work", "beat", "broker")}
WEB = (*CLICKS, *UPLOADS, *CALLBACKS, *FILES)
SERVER_SIDE = {
    *("request read", "task made", "half the answer", "answer written", "status asked", "status told"),
    *("result begun", "half the result", "result sent", "balance asked"),
}


class Kill(NamedTuple):
    """One death: of the worker, unless the point is one of the web's."""

    point: str
    variant: Variant

    @property
    def role(self) -> str:
        return "web" if self.point in WEB else "worker"

    @property
    def call(self) -> str:
        """When the provider must call back for somebody to come here; empty: whenever it likes."""
        if self.point in CALLBACKS:
            # A job that has ended takes no hint any more.
            return "early"
        if self.point in (*FOUND, "web: callback"):
            return "late"
        return "never" if self.point in ADOPTED else ""

    @property
    def of_this_job(self) -> bool:
        """Whether only the job made for it may trigger it."""
        return self.point in (*SENDING, *ON_THE_LINE, *CLICKS, *CALLBACKS)


def draw(kills: int, seed: int, point: str = "") -> list[Kill]:
    """The plan: about two thirds while sending, the rest while following, and of the web. `point`: only there."""
    if point:
        return [kill for kill in draw(10_000, seed) if kill.point == point][:kills]
    dice = random.Random(seed)
    turns = {kind: _Turns(BY_CLASS[kind], dice) for kind in Class}
    sending = [(point, kind) for kind in Class for point in (*SENDING, *ON_THE_LINE) if _comes_to(point, kind)]
    sending += [(point, kind) for kind, points in KEY_POINTS.items() for point in points]
    following = [(point, Class.ACCEPTED) for point in FOLLOWING]
    following += [(point, Class.UNKNOWN) for point in (*FOUND, *ADOPTED)]
    web = [(point, kind) for point in CLICKS for kind in Class]
    # A callback about a task that already follows task writes no id, it only wakes the worker.
    web += [(point, Class.UNKNOWN) for point in CALLBACKS] + [(CALLBACKS[-1], Class.ACCEPTED)]
    web += [(point, Class.ACCEPTED) for point in (*UPLOADS, *FILES)]
    of_web, of_following = round(kills * 0.15), round(kills * 0.18)
    parts = ((sending, kills - of_web - of_following), (following, of_following), (web, of_web))
    plan = [
        Kill(point, _fitting(turns[kind], point)) for pool, count in parts for point, kind in _deal(pool, count, dice)
    ]
    dice.shuffle(plan)
    return plan


def draw_real_web(kills: int, seed: int) -> list[Kill]:
    dice = random.Random(seed)
    points = _deal([(point, Class.ACCEPTED) for point in REAL_WEB], kills, dice)
    kinds = list(Class)
    drawn = [(point, dice.choice(kinds) if point == "web: click" else kind) for point, kind in points]
    return [Kill(point, dice.choice(BY_CLASS[kind])) for point, kind in drawn]


def _comes_to(point: str, kind: Class) -> bool:
    return kind != Class.NOT_SENT or point in SENDING


def _fitting(turns: "_Turns", point: str) -> Variant:
    """The next variant that comes to this point: only a 403 strikes, only a taken task is found again."""
    while True:
        variant = next(turns)
        strikes = point != "key struck" or "403" in variant.name
        found = not (point in (*FOUND, *ADOPTED, *CALLBACKS) and variant.kind == Class.UNKNOWN) or variant.takes
        if strikes and found:
            return variant


class _Turns:
    """All of a class in random order, again and again."""

    def __init__(self, variants: list[Variant], dice: random.Random) -> None:
        self._variants, self._dice, self._left = variants, dice, list[Variant]()

    def __next__(self) -> Variant:
        if not self._left:
            self._left = self._dice.sample(self._variants, len(self._variants))
        return self._left.pop()


def _deal(pool: list[tuple[str, Class]], count: int, dice: random.Random) -> list[tuple[str, Class]]:
    """`count` of the pool, none a second time before all had their turn."""
    dealt: list[tuple[str, Class]] = []
    while len(dealt) < count:
        dealt += dice.sample(pool, min(len(pool), count - len(dealt)))
    return dealt
