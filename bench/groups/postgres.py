"""The same pages, filters and combinations on PostgreSQL, by the clock: its own work is not in our processor time."""

from collections.abc import Iterator

from bench.figures import Figure, interleaved, ratios, shown
from bench.groups.pages import COMBINED, GOALS, clock, combinations, filters, named, pages
from bench.rig import Rig


def figures(rig: Rig) -> Iterator[Figure]:
    if not rig.has_postgres:
        return
    small, large = (rig.seeded(videos, postgres=True) for videos in rig.sizes)
    one, many = rig.inside(small), rig.inside(large)
    few, lots = named(small, one), named(large, many)
    for name, address in {**pages(few), **filters(few)}.items():
        there = {**pages(lots), **filters(lots)}[name]
        took, more = interleaved(rig.runs, clock(one, address, "elapsed"), clock(many, there, "elapsed"))
        # On a busy machine the clock tells of others, too.
        worked = shown(clock(many, there)())
        goal = f"≤ {GOALS[name]}" if name in GOALS else ""
        yield Figure(f"{name}, small", goal, took, "ms elapsed")
        beside = f"{shown(sorted(more)[len(more) // 2])} ms large, {worked} ms of processor"
        yield Figure(f"{name}, large ÷ small", "≤ 1.5", ratios(more, took), yardstick=beside)
    for name, address in combinations(lots).items():
        took = interleaved(rig.runs, clock(many, address, "elapsed"))[0]
        yield Figure(f"{name}, large", f"≤ {COMBINED}", took, "ms elapsed")
