"""What of the wall is asked for: its state stands in the address, all of it, and every menu is a list of links."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Sum
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.jobs.models.job import Job
from wanstudio.money.quoting import RESOLUTIONS
from wanstudio.review.models import Verdict
from wanstudio.review.queries import newest_decision, stands
from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.uploads.models import Source
from wanstudio.videos.models.collections import Collection
from wanstudio.videos.models.favourites import Favourite
from wanstudio.videos.models.tags import Tag, key_of
from wanstudio.videos.models.video import Video
from wanstudio.videos.queries import visible_collections, visible_videos
from wanstudio.videos.versions import newest_only

IDS = ("person", "character", "motion", "collection")
DATES = ("from", "to")
NAMES = ("q", *IDS, "behaviour", "resolution", "tag", "approval", "versions", "favourite", *DATES)
SPANS = {"Last 7 days": 7, "Last 30 days": 30, "Last 90 days": 90}
# Longer menus help nobody; the search does.
MOST_ROWS = 60


def asked_of(query: QueryDict) -> dict[str, str]:
    """The filters in the address that make sense, and no others."""
    asked = {name: query.get(name, "").replace("\x00", "").strip()[:200] for name in NAMES}
    for name in IDS:
        asked[name] = str(number) if (number := access.number(asked[name])) is not None else ""
    for name in DATES:
        asked[name] = asked[name] if _day(asked[name]) else ""
    if asked["behaviour"] not in Job.Behaviour.values:
        asked["behaviour"] = ""
    if asked["resolution"] not in RESOLUTIONS:
        asked["resolution"] = ""
    if asked["approval"] not in Verdict.Decision.values:
        asked["approval"] = ""
    if asked["versions"] != "all":
        asked["versions"] = ""
    if asked["favourite"] != "1":
        asked["favourite"] = ""
    return {name: value for name, value in asked.items() if value}


def found(request: HttpRequest, team: Team, asked: dict[str, str]) -> QuerySet[Video]:
    """The team's videos that match all of `asked`, in no order, each with whether it has this person's star.

    Where nothing is asked, earlier versions lie under the newest one. What is looked for is found in all of them.
    """
    user = access.person(request)
    rows = visible_videos(request).filter(job__team=team)
    rows = rows.annotate(is_favourite=Favourite.of(user), approval=newest_decision())
    if not asked:
        return newest_only(rows)
    for word in asked.get("q", "").split()[:20]:
        rows = rows.filter(_has(word))
    for name in ("person", "character", "motion"):
        if name in asked:
            rows = rows.filter(**{f"job__{name}_id": int(asked[name])})
    for name in ("behaviour", "resolution"):
        if name in asked:
            rows = rows.filter(**{f"job__{name}": asked[name]})
    if "approval" in asked:
        rows = rows.filter(stands(asked["approval"]))
    if "tag" in asked:
        rows = rows.filter(_under(Video.tags.through, tag__key=key_of(asked["tag"])))
    if "collection" in asked:
        mine = visible_collections(request, team).filter(pk=int(asked["collection"]))
        rows = rows.filter(_under(Video.collections.through, collection__in=mine))
    if "favourite" in asked:
        rows = rows.filter(Favourite.of(user))
    return rows.filter(_between(team, asked))


def _has(word: str) -> Q:
    """Whether a word stands in title, prompt or a tag. SQLite folds the case of plain letters only: spelt out."""
    spellings = {word, word.lower(), word.upper(), word.capitalize()} if not word.isascii() else {word}
    some = Q()
    for spelling in spellings:
        some |= Q(job__title__icontains=spelling) | Q(job__prompt__icontains=spelling)
    return some | Q(_under(Video.tags.through, tag__key__contains=key_of(word) or word))


def _under(through: Any, **named: Any) -> Exists:
    return Exists(through.objects.filter(video=OuterRef("pk"), **named))


def _between(team: Team, asked: dict[str, str]) -> Q:
    """Whole days of the team's time zone, both included."""
    made = Q()
    if first := _day(asked.get("from", "")):
        made &= Q(archived_at__gte=_midnight(team, first))
    if last := _day(asked.get("to", "")):
        made &= Q(archived_at__lt=_midnight(team, last + timedelta(days=1)))
    return made


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    # The first and the last days of the calendar have no day before or after them, in UTC.
    return day if day and 1 < day.year < 9999 else None


def _midnight(team: Team, day: date) -> datetime:
    return datetime.combine(day, time(), team.zone)


def totals(rows: QuerySet[Video]) -> dict[str, Any]:
    """`count`, `newest` id, `seconds` and `price` (dollars, once a job, without the sandbox's), in one query."""
    billed = Q(position=0) & ~Q(job__provider="sandbox")
    sums = {"seconds": Sum("duration"), "price": Sum("job__price", filter=billed)}
    return rows.aggregate(count=Count("pk"), newest=Max("pk"), **sums)


def menus(
    team: Team, asked: dict[str, str], tags: Iterable[Tag], collections: Iterable[Collection]
) -> list[dict[str, Any]]:
    """The filters: each its label, whether it is set, the address without it, and its rows with theirs.

    One query for each other noun, however many videos there are. A filter with nothing to choose from is left out.
    """
    here = Q(memberships__team=team) | Q(pk__in=Job.objects.filter(team=team).values("person"))
    people = User.objects.filter(here).distinct().order_by("name")[:MOST_ROWS]
    made = Job.objects.filter(team=team, videos__binned_at=None, videos__isnull=False)
    characters = Source.objects.filter(pk__in=made.values("character")).order_by("-used_at")[:MOST_ROWS]
    motions = Source.objects.filter(pk__in=made.values("motion")).order_by("-used_at")[:MOST_ROWS]
    return [
        menu
        for menu in (
            _menu(asked, "person", "Person", _rows(people)),
            _menu(asked, "character", "Character", _rows(characters)),
            _menu(asked, "motion", "Motion", _rows(motions)),
            _menu(asked, "behaviour", "Animate or Replace", Job.Behaviour.choices),
            _menu(asked, "resolution", "Resolution", [(name, name) for name in RESOLUTIONS]),
            _menu(asked, "approval", "Approval", Verdict.Decision.choices),
            _menu(asked, "versions", "Newest versions", [("all", "All versions")]),
            _menu(asked, "tag", "Tag", [(tag.name, tag.name) for tag in islice(tags, MOST_ROWS)]),
            _menu(asked, "collection", "Collection", _rows(collections)),
        )
        if menu["rows"] or menu["is_set"]
    ]


def _rows(found: Any) -> list[tuple[str, str]]:
    return [(str(row.pk), str(row)) for row in found]


def _menu(asked: dict[str, str], name: str, label: str, choices: list[tuple[str, str]]) -> dict[str, Any]:
    others = {key: value for key, value in asked.items() if key != name}
    chosen = asked.get(name, "")
    return {
        "name": name,
        "label": dict(choices).get(chosen, label if not chosen or name != "tag" else chosen),
        "is_set": bool(chosen),
        "clear": urlencode(others),
        "rows": [(text, urlencode({**others, name: value}), value == chosen) for value, text in choices],
    }


def dates(team: Team, asked: dict[str, str]) -> dict[str, Any]:
    """The menu of dates: the usual spans up to today, and what its own two fields hold."""
    others = {key: value for key, value in asked.items() if key not in DATES}
    today = timezone.localdate(timezone=team.zone)
    spans = {label: (today - timedelta(days=days - 1)).isoformat() for label, days in SPANS.items()}
    chosen = {key: value for key, value in asked.items() if key in DATES}
    label = next((label for label, first in spans.items() if chosen == {"from": first}), "")
    return {
        "label": label or _span(asked.get("from", ""), asked.get("to", "")),
        "is_set": bool(chosen),
        "clear": urlencode(others),
        "rows": [(text, urlencode({**others, "from": first}), text == label) for text, first in spans.items()],
        "others": others,
    }


def _span(first: str, last: str) -> str:
    if first and last:
        return first if first == last else f"{first} to {last}"
    return f"Since {first}" if first else f"Until {last}" if last else "Date"


def favourites(asked: dict[str, str]) -> str:
    """Where the switch of the favourites leads: to them alone, or back to all."""
    others = {key: value for key, value in asked.items() if key != "favourite"}
    return urlencode(others if "favourite" in asked else {**others, "favourite": "1"})
