"""Pages of a small studio in processor time, and how much more a large one takes for the same pages and filters."""

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from bench.figures import Figure, interleaved, ratios
from bench.rig import Inside, Rig, Seeded

GOALS = {"studio": 35, "jobs": 40, "wall": 60, "video": 40}
BEFORE = {
    "studio": "2,600 ms at 1M",
    "wall": "177 ms at 1k, 4,789 ms at 1M",
    "video": "1,900 ms at 1M",
    "collections": "11,400 ms at 1M",
    "team": "4,000 ms at 1M",
    "uploads": "4,600 ms at 1M",
}
# With their versions they fill a page.
SOME_VIDEOS = 150
# What a large studio may take for a combination of filters, in ms.
COMBINED = 150


@dataclass(frozen=True)
class Named:
    """Rows of a studio that its addresses name: of each kind one that is on many videos, or one on few."""

    doors: dict[str, Any]
    character: int
    motion: int
    tag: str
    rare_tag: str
    collection: int
    small_collection: int
    newest_days: str
    """From here on there are some more videos than a page shows, in a studio of any size; so it is with `old_days`."""
    old_days: tuple[str, str]
    year_ago: str


def named(studio: Seeded, inside: Inside) -> Named:
    def rows(sql: str) -> list[list[Any]]:
        found: list[list[Any]] = inside.call("bench.inside.rows", sql)
        return found

    ((character, motion),) = rows(
        "SELECT character_id, motion_id FROM wanstudio_job WHERE team_id = 1 ORDER BY id DESC LIMIT 1"
    )
    tags = rows("SELECT name FROM wanstudio_tag WHERE team_id = 1 ORDER BY id")
    collections = rows("SELECT id FROM wanstudio_collection WHERE team_id = 1 AND visibility = 'team' ORDER BY id")
    here = "FROM wanstudio_video WHERE team_id = 1 AND binned_at IS NULL"
    ((count,),) = rows(f"SELECT COUNT(*) {here}")
    some = min(SOME_VIDEOS, count // 3)
    newest, old, older = (
        rows(f"SELECT CAST(archived_at AS TEXT) {here} ORDER BY archived_at DESC LIMIT 1 OFFSET {number}")[0][0][:10]
        for number in (some, count // 2, count // 2 + some)
    )
    return Named(
        doors=studio.told,
        character=character,
        motion=motion,
        # Of the seed's tags each third is chosen by the same rule: the last ones are the rarest.
        tag=tags[0][0],
        rare_tag=tags[-3][0],
        collection=collections[0][0],
        small_collection=collections[-1][0],
        newest_days=newest,
        old_days=(older, old),
        year_ago=(datetime.now(UTC).date() - timedelta(days=400)).isoformat(),
    )


def pages(its: Named) -> dict[str, str]:
    return {
        "studio": "/",
        "jobs": "/jobs/",
        "wall": "/videos/",
        "video": f"/videos/{its.doors['newest_video']}/",
        "job": f"/jobs/{its.doors['newest_job']}/",
        "collections": "/collections/",
        "uploads": "/uploads/",
        "bin": "/videos/bin/",
        "team": "/team/",
        "usage": "/usage/",
        "activity": "/activity/",
        "notifications": "/notifications/",
        "settings": "/settings/",
        "account": "/account/",
        "shared video": its.doors["video_link"],
        "shared collection": its.doors["collection_link"],
    }


def filters(its: Named) -> dict[str, str]:
    """One of each menu; of some one that finds many and one that finds few."""
    wall = {
        "the busiest person": "person=1",
        "another person": "person=18",
        "character": f"character={its.character}",
        "motion": f"motion={its.motion}",
        "behaviour": "behaviour=replace",
        "resolution": "resolution=480p",
        "approved": "approval=approved",
        "not decided": "approval=open",
        "versions": "versions=all",
        "tag": f"tag={quote(its.tag)}",
        "rare tag": f"tag={quote(its.rare_tag)}",
        "collection": f"collection={its.collection}",
        "small collection": f"collection={its.small_collection}",
        "favourites": "favourite=1",
        "newest days": f"from={its.newest_days}",
        "days long ago": "from={}&to={}".format(*its.old_days),
    }
    jobs = {"mine": "only=mine", "running": "only=running", "failed": "only=failed", "unconfirmed": "only=unconfirmed"}
    return {
        **{f"wall, {name}": f"/videos/?{query}" for name, query in wall.items()},
        **{f"jobs, {name}": f"/jobs/?{query}" for name, query in jobs.items()},
        "jobs, of a source": f"/jobs/?source={its.character}",
        "uploads, characters": "/uploads/?kind=character",
        "bin, uploads": "/videos/bin/?kind=uploads",
        "activity, person": "/activity/?person=1",
        "activity, group": "/activity/?group=comment",
        "activity, a day": f"/activity/?from={its.year_ago}&to={its.year_ago}",
    }


def combinations(its: Named) -> dict[str, str]:
    tag = quote(its.tag)
    queries = {
        "person and resolution": "person=1&resolution=480p",
        "tag, approval, favourites": f"tag={tag}&approval=approved&favourite=1",
        "collection and behaviour": f"collection={its.collection}&behaviour=replace",
        "person, rare tag, dates": f"person=18&tag={quote(its.rare_tag)}&from={its.year_ago}",
        "what nothing has": f"character={its.character}&resolution=480p&behaviour=replace&approval=needs_work",
        "eight at once": f"q=dance&person=1&resolution=720p&behaviour=animate&approval=approved&versions=all&tag={tag}",
    }
    return {f"wall, {name}": f"/videos/?{query}" for name, query in queries.items()}


def figures(rig: Rig) -> Iterator[Figure]:
    small, large = rig.small(), rig.large()
    one, many = rig.inside(small), rig.inside(large)
    few, lots = named(small, one), named(large, many)
    addresses = {**pages(few), **filters(few)}, {**pages(lots), **filters(lots)}
    for name, address in addresses[0].items():
        yield from _both(rig, name, clock(one, address), clock(many, addresses[1][name]))
    for name, address in combinations(lots).items():
        took = interleaved(rig.runs, clock(many, address))[0]
        yield Figure(f"{name}, large", f"≤ {COMBINED}", took, "ms")


def clock(inside: Inside, address: str, which: str = "processor") -> Callable[[], float]:
    """What one request of this page takes, in ms."""

    def once() -> float:
        took = inside.call("bench.inside.cost", address)
        assert took["status"] == 200, f"{address}: {took['status']}"
        return float(took[which])

    return once


def _both(rig: Rig, name: str, small: Callable[[], float], large: Callable[[], float]) -> Iterator[Figure]:
    few, many = interleaved(rig.runs, small, large)
    goal = f"≤ {GOALS[name]}" if name in GOALS else ""
    yield Figure(f"{name}, small", goal, few, "ms", before=BEFORE.get(name, ""))
    beside = f"{statistics.median(many):.0f} ms large"
    yield Figure(f"{name}, large ÷ small", "≤ 1.5", ratios(many, few), yardstick=beside)
