"""Rows of the wall: which videos match, walked newest first along the index of the filter that fits fewest of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, NamedTuple

from django.db.models import Count, Exists, Max, Model, OuterRef, Q, QuerySet, Sum
from django.http import HttpRequest

from wanstudio.jobs.models import Job, State
from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.videos.models import CollectedVideo, Favourite, Tag, Video, key_of
from wanstudio.videos.queries import newest_only, visible_collections, visible_videos, wall_filters
from wanstudio.videos.search import Search, days

# The filters in the address, by name.
Asked = dict[str, str]

KEYS, WORDS = ("character", "motion", "person"), ("resolution", "behaviour")
# Of videos, or of what ties one to a tag, a collection or a star.
Rows = QuerySet[Any, Any]
Test = Q | Exists
# As the search index names them.
IN_INDEX = {"person": "p", "character": "c", "motion": "m", "behaviour": "b", "resolution": "r", "approval": "a"}
# As many as a page counts, and one more.
MAX_FOUND = 10_001
# So many rows of each filter are counted at most, to find the one that fits fewest.
COUNTED = 30_000


@dataclass(frozen=True)
class Found:
    """Matching videos. `rows` are videos, or what ties one to a tag, a collection or a star: then `way` leads to it.

    `by_day`: in the order in which they were saved, which the dates ask about; else in that of ids.
    """

    rows: Rows
    way: str = ""
    by_day: bool = False

    def ids(self) -> QuerySet[Model, int]:
        """The newest first. What reads rows by them goes through `visible_videos`."""
        order = ["archived_at", "pk"] if self.by_day else ["pk"]
        return self.rows.order_by(*(f"-{self.way}{name}" for name in order)).values_list(f"{self.way}pk", flat=True)

    def only(self, *tests: Test, **wanted: object) -> "Found":
        return replace(self, rows=self.rows.filter(*tests, **self._named(wanted)))

    def older_than(self, pk: int) -> "Found":
        if (day := self._day_of(pk)) is None:
            return self.only(pk__lt=pk)
        tie = Q(**self._named({"archived_at__lt": day})) | Q(**self._named({"pk__lt": pk}))
        return self.only(tie, archived_at__lte=day)

    def down_to(self, pk: int) -> "Found":
        """This video and all before it."""
        return self.only(pk__gte=pk) if (day := self._day_of(pk)) is None else self.only(archived_at__gte=day)

    def _day_of(self, pk: int) -> datetime | None:
        return Video.objects.filter(pk=pk).values_list("archived_at", flat=True).first() if self.by_day else None

    def _named(self, wanted: dict[str, object]) -> dict[str, object]:
        return {f"{self.way}{name}": value for name, value in wanted.items()}


class Filter(NamedTuple):
    """`rows` are found by their index; `test` checks rows of another filter, given the way from them to their video."""

    rows: Rows
    test: Callable[[str], Test]
    way: str = ""
    is_of_days: bool = False

    def size(self) -> int:
        return self.rows.order_by()[:COUNTED].count()


def found(request: HttpRequest, team: Team, asked: Asked, below: int | None = None, most: int | None = None) -> Found:
    """The team's videos that match all of `asked`; the team is one that this person was just found to be in.

    Where nothing is asked, earlier versions lie under the newest one. What is looked for is found in all of them.
    Of those with the words of `q` only the newest `most`, at most MAX_FOUND, below the id `below`.
    """
    if "q" in asked:
        return Found(_search(request, team, asked).newest(below, min(most or MAX_FOUND, MAX_FOUND)))
    live = Video.objects.filter(team=team, binned_at=None)
    filters = [*_days(live, team, asked), *_columns(live, asked), *_ties(request, team, asked)]
    # Where all have very many, the first of them is walked.
    first = filters[0] if len(filters) == 1 else min(filters, key=Filter.size, default=None)
    here = Found(live)
    if first:
        here = Found(first.rows, first.way, any(one.is_of_days for one in filters))
    here = here.only(*(one.test(here.way) for one in filters if one is not first), _is_done(here.way))
    if here.way:
        here = here.only(team__id__unindexed=team.pk, binned_at=None)
    return here if asked else replace(here, rows=newest_only(here.rows))


def _search(request: HttpRequest, team: Team, asked: Asked) -> Search:
    """Its words, and what the index knows of the filters."""
    stored = asked | {one.name: one.column_value(asked[one.name]) or "" for one in wall_filters if one.name in asked}
    facts = [[f"t{team.pk}"], *([letter + stored[name]] for name, letter in IN_INDEX.items() if name in asked)]
    if "tag" in asked:
        tags = Tag.objects.filter(team=team, key=key_of(asked["tag"]))
        facts.append([f"g{pk}" for pk in tags.values_list("pk", flat=True)] or ["none"])
    first, last = (date.fromisoformat(asked[name]) if name in asked else None for name in ("from", "to"))
    if first or last:
        facts.append(days(first, last))
    others = _ties(request, team, {name: value for name, value in asked.items() if name != "tag"})
    # Days of the index are those of UTC.
    dated = next((one.rows for one in _days(Video.objects.all(), team, asked)), None)
    return Search(asked["q"], facts, [tied.rows for tied in others], dated)


def _columns(live: QuerySet[Video], asked: Asked) -> Iterator[Filter]:
    values: dict[str, object] = {name: int(asked[name]) for name in KEYS if name in asked}
    values |= {one.name: one.column_value(asked[one.name]) for one in wall_filters if one.name in asked}
    values |= {name: asked[name] for name in WORDS if name in asked}
    for name, value in values.items():
        yield Filter(live.filter(**{name: value}), partial(_has_value, name, value))


def _has_value(name: str, value: object, way: str) -> Test:
    """By no index: which one is walked is decided here, not by statistics."""
    return Q(**{f"{way}{name}{'__id' if name in KEYS else ''}__unindexed": value})


def _days(live: QuerySet[Video], team: Team, asked: Asked) -> Iterator[Filter]:
    """Whole days of the team's time zone, both included."""
    span = {}
    if "from" in asked:
        span["archived_at__gte"] = datetime.combine(date.fromisoformat(asked["from"]), time(), team.zone)
    if "to" in asked:
        day = date.fromisoformat(asked["to"]) + timedelta(days=1)
        span["archived_at__lt"] = datetime.combine(day, time(), team.zone)
    if span:
        yield Filter(live.filter(**span), lambda way: Q(**{way + name: at for name, at in span.items()}), "", True)


def _ties(request: HttpRequest, team: Team, asked: Asked) -> Iterator[Filter]:
    """Tags, collections and stars: rows of their own, each in the order of its videos."""
    rows: list[Rows] = []
    if "tag" in asked:
        tag = Tag.objects.filter(team=team, key=key_of(asked["tag"])).values_list("pk", flat=True).first()
        rows.append(Video.tags.through.objects.filter(tag=tag or 0))
    if "collection" in asked:
        mine = visible_collections(request, team).filter(pk=int(asked["collection"]))
        rows.append(CollectedVideo.objects.filter(collection=mine.values_list("pk", flat=True).first() or 0))
    if "favourite" in asked:
        rows.append(Favourite.objects.filter(user=access.person(request)))
    for tied in rows:
        yield Filter(tied, partial(_is_tied, tied), "video__")


def _is_done(way: str) -> Test:
    """Asked of each row, so that no planner begins with the jobs: nearly all are done."""
    return Exists(Job.objects.filter(pk=OuterRef(f"{way}job"), state__unindexed=State.DONE))


def _is_tied(rows: Rows, way: str) -> Test:
    return Exists(rows.filter(video=OuterRef(f"{way}pk")))


def totals(request: HttpRequest, here: Found, most: int) -> dict[str, object]:
    """The newest `most`, from id `newest` on; `has_more`: there are more. `price`: dollars, once a job, no sandbox."""
    billed = Q(position=0) & ~Q(job__provider="sandbox")
    sums = {"seconds": Sum("duration"), "price": Sum("job__price", filter=billed)}
    mine = visible_videos(request).filter(pk__in=here.ids()[:most])
    found = mine.aggregate(count=Count("pk"), newest=Max("pk"), **sums)
    return found | {"has_more": found["count"] == most and here.ids()[most : most + 1].exists()}
