"""Filters of the wall: their whole state is in the address, and every menu is a list of links."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import NamedTuple
from urllib.parse import urlencode

from django.db.models import Count, Exists, Max, Model, OuterRef, Q, QuerySet, Sum
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.jobs.models import Job
from wanstudio.money.queries import RESOLUTIONS
from wanstudio.teams import access
from wanstudio.teams.models import Membership, Team
from wanstudio.uploads.models import Source
from wanstudio.videos.models import Collection, Tag, Video, key_of
from wanstudio.videos.queries import newest_only, starred_videos, visible_collections, wall_filters
from wanstudio.videos.search import Search, days

# The filters in the address, by name.
Asked = dict[str, str]

IDS = ("person", "character", "motion", "collection")
DATES = ("from", "to")
SPANS = {"Last 7 days": 7, "Last 30 days": 30, "Last 90 days": 90}
# As the search index names them.
FACTS = {"person": "p", "character": "c", "motion": "m", "behaviour": "b", "resolution": "r"}
# As many as a page counts, and one more.
MAX_FOUND = 10_001
# Longer menus help nobody; the search does.
MAX_ROWS = 60


def asked_of(query: QueryDict) -> Asked:
    fixed = {"behaviour": Job.Behaviour.values, "resolution": RESOLUTIONS, "versions": ["all"], "favourite": ["1"]}
    fixed |= {one.name: [value for value, _ in one.choices] for one in wall_filters}
    asked = {}
    for name in ("q", *IDS, "tag", *fixed, *DATES):
        value = query.get(name, "").replace("\x00", "").strip()[:200]
        if name in IDS:
            value = str(number) if (number := access.number(value)) is not None else ""
        if (name in fixed and value not in fixed[name]) or (name in DATES and not _day(value)):
            value = ""
        if value:
            asked[name] = value
    return asked


def found(request: HttpRequest, team: Team, asked: Asked, below: int | None = None) -> QuerySet[Video]:
    """The team's videos that match all of `asked`, in no order, each with whether it has this person's star.

    Where nothing is asked, earlier versions lie under the newest one. What is looked for is found in all of them.
    Of those with the words of `q` only the newest MAX_FOUND below the id `below`.
    """
    rows = starred_videos(request).filter(job__team=team)
    for registered in wall_filters:
        rows = registered.annotate(rows)
        if registered.name in asked:
            rows = rows.filter(registered.selects(asked[registered.name]))
    if not asked:
        return newest_only(rows)
    for name in ("person", "character", "motion", "behaviour", "resolution"):
        if name in asked:
            rows = rows.filter(**{f"job__{name}": asked[name]})
    if "tag" in asked:
        rows = rows.filter(tags__key=key_of(asked["tag"]))
    if "collection" in asked:
        mine = visible_collections(request, team).filter(pk=int(asked["collection"]))
        rows = rows.filter(collected__collection__in=mine)
    if "favourite" in asked:
        rows = rows.filter(favourites__user=access.person(request))
    # Whole days of the team's time zone, both included.
    if first := _day(asked.get("from", "")):
        rows = rows.filter(archived_at__gte=datetime.combine(first, time(), team.zone))
    if last := _day(asked.get("to", "")):
        rows = rows.filter(archived_at__lt=datetime.combine(last + timedelta(days=1), time(), team.zone))
    return _search(team, asked).newest(rows, below, MAX_FOUND) if "q" in asked else rows


def _search(team: Team, asked: Asked) -> Search:
    """Its words, and what the index knows of the filters."""
    facts = [[f"t{team.pk}"], *([letter + asked[name]] for name, letter in FACTS.items() if name in asked)]
    if "tag" in asked:
        tags = Tag.objects.filter(team=team, key=key_of(asked["tag"]))
        facts.append([f"g{pk}" for pk in tags.values_list("pk", flat=True)] or ["none"])
    first, last = (_day(asked.get(name, "")) for name in DATES)
    if first or last:
        facts.append(days(first, last))
    return Search(asked["q"], facts, is_exact=asked.keys() <= {"q", "tag", "versions", *FACTS})


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    # The first and the last days of the calendar have no day before or after them, in UTC.
    return day if day and 1 < day.year < 9999 else None


def totals(rows: QuerySet[Video], most: int) -> dict[str, object]:
    """Of the newest `most` of them, in one query; `has_more` if there are others.

    `newest`: an id. `price`: dollars, once a job, without the sandbox's.
    """
    beyond = list(rows.order_by("-pk").values_list("pk", flat=True)[most : most + 1])
    mine = rows.filter(pk__gt=beyond[0]) if beyond else rows
    billed = Q(position=0) & ~Q(job__provider="sandbox")
    sums = {"seconds": Sum("duration"), "price": Sum("job__price", filter=billed)}
    return mine.aggregate(count=Count("pk"), newest=Max("pk"), **sums) | {"has_more": bool(beyond)}


class Menu(NamedTuple):
    """`others`: what else is asked for; `clear`: the address of that. `rows`: choice, its address, is it chosen."""

    name: str
    label: str
    is_set: bool
    others: Asked
    clear: str
    rows: list[tuple[str, str, bool]]


def menus(team: Team, asked: Asked, tags: Iterable[Tag], collections: Iterable[Collection]) -> list[Menu]:
    """Filters with something to choose from. One query for each other noun, however many videos there are."""
    # Of each row that a menu could show: has it any? Never from all jobs to those they name.
    jobs = Job.objects.filter(team=team).order_by()
    here = Exists(Membership.objects.filter(team=team, user=OuterRef("pk"))) | Exists(
        jobs.filter(person=OuterRef("pk"))
    )
    people = User.objects.filter(here).order_by("name")[:MAX_ROWS]
    made = jobs.filter(videos__binned_at=None, videos__isnull=False)
    recent = Source.objects.filter(team=team).order_by("-used_at")
    kind = Source.Kind
    characters = recent.filter(Exists(made.filter(character=OuterRef("pk"))), kind=kind.CHARACTER)[:MAX_ROWS]
    motions = recent.filter(Exists(made.filter(motion=OuterRef("pk"))), kind=kind.MOTION)[:MAX_ROWS]
    rows = (
        ("person", "Person", _choices(people)),
        ("character", "Character", _choices(characters)),
        ("motion", "Motion", _choices(motions)),
        ("behaviour", "Animate or Replace", Job.Behaviour.choices),
        ("resolution", "Resolution", [(name, name) for name in RESOLUTIONS]),
        *((one.name, one.label, one.choices) for one in wall_filters),
        ("versions", "Newest versions", [("all", "All versions")]),
        # A tag that is on no video any more is still what was asked for.
        ("tag", asked.get("tag", "Tag"), [(tag.name, tag.name) for tag in islice(tags, MAX_ROWS)]),
        ("collection", "Collection", _choices(collections)),
    )
    every = [
        _menu(asked, (name,), label, [(text, {name: value}) for value, text in choices])
        for name, label, choices in rows
    ]
    return [*(menu for menu in every if menu.rows or menu.is_set), _dates(team, asked)]


def _choices(rows: Iterable[Model]) -> list[tuple[str, str]]:
    return [(str(row.pk), str(row)) for row in rows]


def _menu(asked: Asked, names: Sequence[str], label: str, choices: Iterable[tuple[str, Asked]]) -> Menu:
    chosen = {key: value for key, value in asked.items() if key in names}
    others = {key: value for key, value in asked.items() if key not in names}
    rows = [(text, urlencode({**others, **asks}), asks == chosen) for text, asks in choices]
    named = next((text for text, _, is_chosen in rows if is_chosen), label)
    return Menu(names[0], named, bool(chosen), others, urlencode(others), rows)


def _dates(team: Team, asked: Asked) -> Menu:
    today = timezone.localdate(timezone=team.zone)
    spans = [(label, {"from": (today - timedelta(days=days - 1)).isoformat()}) for label, days in SPANS.items()]
    return _menu(asked, DATES, _span(asked.get("from", ""), asked.get("to", "")), spans)


def _span(first: str, last: str) -> str:
    if first and last:
        return first if first == last else f"{first} to {last}"
    return f"Since {first}" if first else f"Until {last}" if last else "Date"


def favourites(asked: Asked) -> str:
    """The address of the switch of the favourites: to them alone, or back to all."""
    others = {key: value for key, value in asked.items() if key != "favourite"}
    return urlencode(others if "favourite" in asked else {**others, "favourite": "1"})
