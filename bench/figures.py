"""Figures: what was measured, how often, against which goal, and what it was before; as lines and as a table."""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.words import say

# A view that does nothing, behind the whole middleware.
BARE = "/bare/"
RESULTS = Path(__file__).parent / "RESULTS.md"
HEAD = """# Results

What `make bench` measured: medians of interleaved pairs. Each heading tells when, on which commit, and how busy the
machine was: processor times, ratios and counts bear a busy machine, elapsed times do not.
"""


@dataclass(frozen=True)
class Figure:
    """`runs`: one number each; their median is what it is now. `goal`: "≥ 0.35", "≤ 60"; empty: printed only.

    `yardstick`: what it was measured beside, with its median. `before`: what it was before the work on it began.
    """

    name: str
    goal: str
    runs: Sequence[float]
    unit: str = ""
    yardstick: str = ""
    before: str = ""

    @property
    def now(self) -> float:
        return statistics.median(self.runs)

    @property
    def is_met(self) -> bool | None:
        """None without a goal."""
        sign, _, value = self.goal.partition(" ")
        return None if not value else self.now >= float(value) if sign == "≥" else self.now <= float(value)

    def line(self) -> str:
        verdict = {None: "", True: f" ({self.goal})", False: f" (MISSED: {self.goal})"}[self.is_met]
        beside = f", beside {self.yardstick}" if self.yardstick else ""
        return f"  {self.name}: {shown(self.now)} {self.unit}{verdict}{beside}; runs {' '.join(map(shown, self.runs))}"

    def row(self) -> str:
        met = {None: "", True: "yes", False: "**no**"}[self.is_met]
        unit = f" {self.unit}" if self.unit else ""
        cells = (
            self.name,
            self.goal + unit * bool(self.goal),
            shown(self.now) + unit,
            met,
            self.before,
            self.yardstick,
        )
        return f"| {' | '.join(cells)} |"


def shown(number: float) -> str:
    """Three digits that count."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def interleaved(runs: int, *acts: Callable[[], float]) -> list[list[float]]:
    """What each act measures, one after the other, so many times; of several rounds one before them does not count."""
    rounds = [[act() for act in acts] for _ in range(runs + (runs > 1))][-runs:]
    return [list(one) for one in zip(*rounds, strict=True)]


def ratios(above: Iterable[float], below: Iterable[float]) -> list[float]:
    return [one / two for one, two in zip(above, below, strict=True)]


def section(name: str, figures: Iterable[Figure], busy: tuple[float, float]) -> str:
    """The group's part of the results. `busy`: the load of the last minute, before and after."""
    asked = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    state = f"load {busy[0]:.1f} before, {busy[1]:.1f} after" + (": busy" if max(busy) > (os.cpu_count() or 1) else "")
    at = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
    head = f"{at} UTC, commit {commit or 'unknown'}, {machine()}, {state}"
    rows = [figure.row() for figure in figures]
    columns = ["| figure | goal | now | met | before | beside |", "|---|---|---|---|---|---|"]
    return "\n".join([f"## {name}", "", head, "", *columns, *rows, ""])


def machine() -> str:
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return f"{os.cpu_count()} cores ({models[0].partition(': ')[2] if models else 'unknown'})"


def write(sections: dict[str, str]) -> None:
    """Into the results, each in place of what was measured of its group before."""
    text = RESULTS.read_text() if RESULTS.exists() else HEAD
    kept = {part.split("\n", 1)[0]: f"## {part}".rstrip() + "\n" for part in text.split("\n## ")[1:]}
    every = kept | {name: text.rstrip() + "\n" for name, text in sections.items()}
    RESULTS.write_text(HEAD + "\n" + "\n".join(every[name] for name in sorted(every)))
    say(f"written: {RESULTS}")
