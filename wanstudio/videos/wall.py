"""Filters of the wall: their whole state is in the address, and every menu is a list of links."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import islice, zip_longest
from typing import NamedTuple
from urllib.parse import urlencode

from django.db.models import Exists, Model, OuterRef
from django.http import QueryDict
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.jobs.models import Job
from wanstudio.money.queries import RESOLUTIONS
from wanstudio.teams import access
from wanstudio.teams.models import Membership, Team
from wanstudio.uploads.models import Source
from wanstudio.videos.models import Collection, Tag, Video
from wanstudio.videos.queries import wall_filters
from wanstudio.videos.wall_rows import Asked

IDS = ("person", "character", "motion", "collection")
DATES = ("from", "to")
SPANS = {"Last 7 days": 7, "Last 30 days": 30, "Last 90 days": 90}
# For longer lists there is the search.
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


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    # The first and the last days of the calendar have no day before or after them, in UTC.
    return day if day and 1 < day.year < 9999 else None


class Choice(NamedTuple):
    """A row of a menu: what it says, its address, whether it is chosen, and the character or motion that it is."""

    label: str
    query: str
    is_chosen: bool
    source: Source | None


class Menu(NamedTuple):
    """`others`: what else is asked for; `clear`: the address of that."""

    name: str
    label: str
    is_set: bool
    others: Asked
    clear: str
    rows: list[Choice]


def menus(team: Team, asked: Asked, tags: Iterable[Tag], collections: Iterable[Collection]) -> list[Menu]:
    """Filters with something to choose from. One query for each other noun, however many videos there are."""
    # Of each row that a menu could show: has it any? Never from all jobs to those they name.
    jobs = Job.objects.filter(team=team).order_by()
    here = Exists(Membership.objects.filter(team=team, user=OuterRef("pk"))) | Exists(
        jobs.filter(person=OuterRef("pk"))
    )
    people = User.objects.filter(here).order_by("name")[:MAX_ROWS]
    made = Video.objects.filter(team=team, binned_at=None)
    recent = Source.objects.filter(team=team).order_by("-used_at")
    pictured = {
        name: list(recent.filter(Exists(made.filter(**{name: OuterRef("pk")})), kind=name)[:MAX_ROWS])
        for name in Source.Kind.values
    }
    rows = (
        ("person", "Person", _choices(people)),
        ("character", "Character", _choices(pictured["character"])),
        ("motion", "Motion", _choices(pictured["motion"])),
        ("behaviour", "Animate or Replace", Job.Behaviour.choices),
        ("resolution", "Resolution", [(name, name) for name in RESOLUTIONS]),
        *((one.name, one.label, one.choices) for one in wall_filters),
        ("versions", "Newest versions", [("all", "All versions")]),
        # A tag that is on no video any more is still what was asked for.
        ("tag", asked.get("tag", "Tag"), [(tag.name, tag.name) for tag in islice(tags, MAX_ROWS)]),
        ("collection", "Collection", _choices(collections)),
    )
    every = [
        _menu(asked, (name,), label, [(text, {name: value}) for value, text in choices], pictured.get(name, ()))
        for name, label, choices in rows
    ]
    return [*(menu for menu in every if menu.rows or menu.is_set), _dates(team, asked)]


def _choices(rows: Iterable[Model]) -> list[tuple[str, str]]:
    return [(str(row.pk), str(row)) for row in rows]


def _menu(
    asked: Asked,
    names: Sequence[str],
    label: str,
    choices: Iterable[tuple[str, Asked]],
    pictured: Sequence[Source] = (),
) -> Menu:
    chosen = {key: value for key, value in asked.items() if key in names}
    others = {key: value for key, value in asked.items() if key not in names}
    rows = [
        Choice(text, urlencode({**others, **asks}), asks == chosen, source)
        for (text, asks), source in zip_longest(choices, pictured)
    ]
    named = next((row.label for row in rows if row.is_chosen), label)
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
