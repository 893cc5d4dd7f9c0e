"""Usage of five years: the page of any month and of all time; of each CSV the first bytes, and the memory it takes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from bench.figures import Figure, interleaved
from bench.groups.pages import clock
from bench.rig import Inside, Rig, Seeded

BEFORE = {"this month": "12,000 ms", "usage of a month, CSV": "9,900 ms"}


def figures(rig: Rig) -> Iterator[Figure]:
    yield from _figures(rig, rig.large(), "processor")
    if rig.has_postgres:
        yield from _figures(rig, rig.seeded(rig.sizes[1], postgres=True), "elapsed", "PostgreSQL: ")


def _figures(rig: Rig, studio: Seeded, which: str, where: str = "") -> Iterator[Figure]:
    months = [f"{datetime.now(UTC) - timedelta(days=days):%Y-%m}" for days in (0, 400, 1700)]
    pages = dict(zip(("this month", "a year ago", "almost five years ago"), months, strict=True))
    unit = "ms" if which == "processor" else "ms elapsed"
    inside = rig.inside(studio)
    for name, month in pages.items():
        took = interleaved(rig.runs, clock(inside, f"/usage/?month={month}", which))[0]
        yield Figure(f"{where}usage of {name}", "≤ 150", took, unit, before=BEFORE.get(name, ""))
    took = interleaved(rig.runs, clock(inside, "/usage/?month=all", which))[0]
    yield Figure(f"{where}usage of all time", "≤ 400", took, unit)
    files = {
        "usage of a month, CSV": f"/usage/usage.csv?month={months[1]}",
        "usage of all time, CSV": "/usage/usage.csv?month=all",
        "ledger, CSV": "/usage/ledger.csv",
        "activity, CSV": "/activity/activity.csv",
    }
    for name, address in files.items():
        took = interleaved(rig.runs, lambda at=address: _stream(inside, at)[which])[0]  # type: ignore[misc]
        yield Figure(f"{where}{name}: first bytes", "≤ 200", took, unit, before=BEFORE.get(name, ""))
    for name, address in files.items():
        whole = _stream(inside, address, whole=True)
        yield Figure(f"{where}{name}: more memory for the whole", "≤ 30", [whole["grown"]], "MB")
        yield Figure(f"{where}{name}: its size", "", [whole["bytes"] / 1e6], "MB")


def _stream(inside: Inside, address: str, *, whole: bool = False) -> dict[str, float]:
    took: dict[str, float] = inside.call("bench.inside.stream", address, whole)
    assert took["bytes"] > 0
    return took
