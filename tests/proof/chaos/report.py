"""The report: one line per run, and at the end a table of kills by point and class."""

import sys
from collections import Counter
from dataclasses import dataclass, field

from tests.proof.chaos.oracle import Sums
from tests.proof.chaos.outcomes import Class
from tests.proof.chaos.plan import Kill


def say(line: str = "") -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@dataclass
class Report:
    """`deaths` by point and class; `complaints` must stay empty."""

    deaths: Counter[tuple[str, Class]] = field(default_factory=Counter)
    variants: set[str] = field(default_factory=set)
    missed: list[Kill] = field(default_factory=list)
    runs: int = 0
    slowest_s: float = 0.0
    complaints: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        return sum(self.deaths.values())

    def died(self, kill: Kill) -> None:
        self.deaths[kill.point, kill.variant.kind] += 1
        self.variants.add(kill.variant.name)

    def miss(self, kill: Kill) -> None:
        """Nobody came to the point in time; it is not counted."""
        self.missed.append(kill)

    def table(self) -> None:
        kinds = list(Class)
        say(f"{'deaths by point and class':36}" + "".join(f"{kind:>14}" for kind in kinds))
        for point in sorted({point for point, _ in self.deaths}):
            say(f"{point:36}" + "".join(f"{self.deaths[point, kind] or '·':>14}" for kind in kinds))
        reached = {kind: len({point for point, each in self.deaths if each == kind}) for kind in kinds}
        say(f"{'points reached':36}" + "".join(f"{reached[kind]:>14}" for kind in kinds))

    def run(self, what: str, sums: Sums, complaints: list[str]) -> None:
        self.runs += 1
        self.complaints += complaints
        say(f"run {self.runs}: {what}; billed ${sums.billed} = settled ${sums.settled} + unknown ${sums.unknown}")
        for complaint in complaints:
            say(f"  WRONG: {complaint}")

    def end(self, posts: int, beyond: int) -> bool:
        """The last lines. Whether all is well."""
        self.table()
        for kill in self.missed:
            say(f"nobody came to: {kill.point}, {kill.variant.name}")
        say(
            f"{self.kills} killed ({len(self.missed)} orders that nobody came to, not counted), {len(self.variants)} "
            f"variants of {len(Class)} classes; {posts} POSTs, beyond what the table allows: {beyond}; "
            f"slowest finding of all tasks after a restart: {self.slowest_s:.1f} s"
        )
        say("NOTHING LOST, NOTHING TWICE" if not self.complaints else f"{len(self.complaints)} COMPLAINTS")
        return not self.complaints
