"""What this person may see. Every lookup starts here; whoever may not see a thing gets 404."""

from typing import Any

from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest

from wanstudio.models import Entry, Job, Membership, Source, Team, Transition, User, Video
from wanstudio.models.ledger import Entries
from wanstudio.roles import Act, roles_with


def person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise Http404("nobody is signed in")
    return request.user


def teams(request: HttpRequest) -> QuerySet[Team]:
    return Team.objects.filter(memberships__user=person(request))


def current_team(request: HttpRequest) -> Team:
    """The team whose pages are shown. What a form does is decided by the team in the form: see `team_in`."""
    team = teams(request).order_by("memberships__pk").first()
    if team is None:
        raise Http404("no team")
    return team


def may(request: HttpRequest, team: Team, act: Act) -> bool:
    """Whether this person may do this in this team, by the one table of `roles.py`."""
    return team.memberships.filter(user=person(request), role__in=roles_with(act)).exists()


def owned_team(request: HttpRequest) -> Team:
    """The team whose pages are shown, if this person is its owner; for everybody else there is no such page."""
    team = current_team(request)
    if not is_owner(request, team):
        raise Http404("for the owner")
    return team


def is_owner(request: HttpRequest, team: Team) -> bool:
    return team.memberships.filter(user=person(request), role=Membership.Role.OWNER).exists()


def team_in(request: HttpRequest) -> Team:
    """The team the posted form names, if this person is in it."""
    team = teams(request).filter(pk=number(request.POST.get("team")) or 0).first()
    if team is None:
        raise Http404("no such team")
    return team


def jobs(request: HttpRequest) -> QuerySet[Job]:
    mine = Job.objects.filter(team__memberships__user=person(request))
    return mine.select_related("person", "character", "motion", "video", "team")


def transitions(request: HttpRequest) -> QuerySet[Transition]:
    """Timelines with their jobs in one query, for the status poll; `role` is this person's in the job's team."""
    mine = Transition.objects.filter(job__team__memberships__user=person(request))
    parts = ("person", "character", "motion", "video", "team")
    mine = mine.annotate(role=F("job__team__memberships__role"))
    return mine.select_related("job", *(f"job__{part}" for part in parts))


def sources(request: HttpRequest, team: Team | None = None) -> QuerySet[Source]:
    mine = Source.objects.filter(team__memberships__user=person(request), deleted_at=None)
    return mine.filter(team=team) if team else mine


def videos(request: HttpRequest) -> QuerySet[Video]:
    mine = Video.objects.filter(job__team__memberships__user=person(request), job__state="done")
    return mine.select_related("job", "job__person", "job__team", "job__character", "job__motion")


def entries(request: HttpRequest, team: Team) -> Entries:
    """The ledger of this team: everybody's for those who may see it, else one's own. Without the sandbox's."""
    rows = Entry.objects.filter(team=team, team__memberships__user=person(request)).billed()
    return rows if may(request, team, Act.SPENDING) else rows.filter(person=person(request))


def one(rows: QuerySet[Any], pk: int) -> Any:
    """The row with this id among those this person may see, or 404."""
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404(f"no such {rows.model._meta.verbose_name}")
    return row


def number(text: str | None) -> int | None:
    """An id as the address or a form names it, or None for anything that cannot be one."""
    return int(text) if text and text.isdecimal() and len(text) < 19 else None


def page(rows: QuerySet[Any], before: str | None, size: int) -> tuple[list[Any], int | None]:
    """The next `size` rows, newest first, older than the id `before`; and the id to go on from, or None at the end."""
    rows = rows.order_by("-pk")
    if (last := number(before)) is not None:
        rows = rows.filter(pk__lt=last)
    found = list(rows[: size + 1])
    return found[:size], found[size - 1].pk if len(found) > size else None
