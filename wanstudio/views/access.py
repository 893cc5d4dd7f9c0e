"""What this person may see. Every lookup starts here; whoever may not see a thing gets 404."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from allauth.mfa.models import Authenticator
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, When
from django.http import Http404, HttpRequest

from wanstudio.models import (
    Activity,
    ApiToken,
    Attempt,
    Collection,
    Comment,
    Entry,
    Invitation,
    Job,
    Membership,
    Notification,
    ShareLink,
    Source,
    SpendRequest,
    Tag,
    Team,
    Transition,
    User,
    Video,
)
from wanstudio.models.activity import OWNERS_ONLY
from wanstudio.models.attempt import NOTEWORTHY
from wanstudio.models.ledger import Entries
from wanstudio.models.notification import Notifications
from wanstudio.roles import Act, Role, roles_with
from wanstudio.roles import may as role_may
from wanstudio.views import passes

# The team whose pages this browser saw last: a memory, never a permission.
LAST_TEAM = "team"


class NoTeam(Http404):
    """This person is in no team (any more)."""


class NeedsSecondFactor(Http404):
    """The team wants a second factor, and this person has none. `team` is the one."""

    def __init__(self, team: Team) -> None:
        super().__init__("a second factor first")
        self.team = team


def person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise Http404("nobody is signed in")
    return request.user


def teams(request: HttpRequest) -> QuerySet[Team]:
    return Team.objects.filter(_mine(request, ""))


def _mine(request: HttpRequest, team: str) -> Q:
    """Rows of the teams this person is in and may enter; `team` is the way from the row to its team, as `job__team__`.

    All in the one query that reads the rows: who is removed, or lacks a second factor, is out at the next request.
    """
    who = person(request)
    return Q(**{f"{team}memberships__user": who}) & _is_open(who, team)


def _is_open(who: User, team: str) -> Q:
    return Q(**{f"{team}needs_second_factor": False}) | Q(Exists(factors(who)))


def closed_teams(request: HttpRequest) -> QuerySet[Team]:
    """Teams this person is in and may not enter before they have a second factor."""
    return Team.objects.filter(~_is_open(person(request), ""), memberships__user=person(request))


def has_factor(request: HttpRequest) -> bool:
    return factors(person(request)).exists()


def factors(who: User) -> QuerySet[Authenticator]:
    """What this person signs in with besides the password; recovery codes are only the way out of a lost one."""
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    found: QuerySet[Authenticator] = Authenticator.objects.filter(user=who, type__in=kinds)
    return found


def current_team(request: HttpRequest) -> Team:
    """The team whose pages are shown: that of the thing on the page, else the one looked at last.

    What a form does is decided by the team in the form: see `team_in`.
    """
    kept = _kept(request)
    if "shown" not in kept:
        mine = my_teams(request)
        if not mine:
            raise NoTeam("no team")
        last = request.session.get(LAST_TEAM, person(request).last_team_id)
        chosen = next((team for team in mine if team.pk == last), mine[0])
        if not chosen.is_open:
            raise NeedsSecondFactor(chosen)
        kept["shown"] = chosen
        know_role(request, chosen, chosen.role)
    team: Team = kept["shown"]
    return team


def show_as(request: HttpRequest, team: Team) -> None:
    """This page is about a thing of this team, whichever was looked at last."""
    _kept(request)["shown"] = team


def role(request: HttpRequest, team: Team) -> str:
    """What this person is in this team, empty for a stranger. Asked once a request."""
    roles: dict[int, str] = _kept(request).setdefault("roles", {})
    if team.pk not in roles:
        found = Membership.objects.filter(_mine(request, "team__"), user=person(request), team=team)
        roles[team.pk] = found.values_list("role", flat=True).first() or ""
    return roles[team.pk]


def my_teams(request: HttpRequest) -> list[Any]:
    """This person's teams, the oldest membership first, with their `role` and whether they `is_open` to them."""
    kept, who = _kept(request), person(request)
    if "mine" not in kept:
        is_open = Case(When(_is_open(who, ""), then=True), default=False)
        here = Team.objects.filter(memberships__user=who).annotate(role=F("memberships__role"), is_open=is_open)
        kept["mine"] = list(here.order_by("memberships__pk"))
    mine: list[Any] = kept["mine"]
    return mine


def remember(request: HttpRequest, team: Team) -> None:
    """From now on the pages show this team, in this browser and wherever this person signs in next."""
    request.session[LAST_TEAM] = team.pk
    User.objects.filter(pk=person(request).pk).update(last_team=team)


def memberships(request: HttpRequest) -> QuerySet[Membership]:
    """Who is in the teams this person may enter."""
    return Membership.objects.filter(team__in=teams(request)).select_related("team", "user")


def invitations(request: HttpRequest) -> QuerySet[Invitation]:
    return Invitation.objects.filter(team__in=teams(request)).select_related("team", "invited_by")


def know_role(request: HttpRequest, team: Team, known: str) -> None:
    """What a query for something else has brought along, so that nobody asks again."""
    _kept(request).setdefault("roles", {})[team.pk] = known


def _kept(request: HttpRequest) -> dict[str, Any]:
    """What was found out during this request."""
    kept: dict[str, Any] = request.__dict__.setdefault("wanstudio", {})
    return kept


def may(request: HttpRequest, team: Team, act: Act) -> bool:
    """Whether this person may do this in this team, by the one table of `roles.py`."""
    return role_may(role(request, team), act)


def require(request: HttpRequest, team: Team, act: Act) -> None:
    """404 unless this person may do this in this team: for them there is no such thing."""
    if not may(request, team, act):
        raise Http404("not for this role")


def runs_studio(request: HttpRequest) -> bool:
    """Whether this is an owner of the first team: what concerns the machine and every team is theirs."""
    return any(team.is_first and team.is_open and team.role == Role.OWNER for team in my_teams(request))


def may_stop_sending(request: HttpRequest) -> bool:
    """The key is one for all teams: who may stop it is who may in the first team."""
    return any(team.is_first and team.is_open and role_may(team.role, Act.SENDING) for team in my_teams(request))


def team_in(request: HttpRequest, act: Act) -> Team:
    """The team the posted form names, if this person may do this in it."""
    team = teams(request).filter(pk=number(request.POST.get("team")) or 0).first()
    if team is None:
        raise Http404("no such team")
    require(request, team, act)
    show_as(request, team)
    return team


def jobs(request: HttpRequest) -> QuerySet[Job]:
    mine = Job.objects.filter(_mine(request, "team__"))
    return mine.select_related("person", "character", "motion", "video", "team")


def transitions(request: HttpRequest) -> QuerySet[Transition]:
    """Timelines with their jobs in one query, for the status poll; `role` is this person's in the job's team.

    `has_tries`: its page has something to say about earlier tries.
    """
    mine = Transition.objects.filter(_mine(request, "job__team__"))
    parts = ("person", "character", "motion", "video", "team")
    told = Attempt.objects.filter(NOTEWORTHY, job=OuterRef("job"))
    mine = mine.annotate(role=F("job__team__memberships__role"), has_tries=Exists(told))
    return mine.select_related("job", *(f"job__{part}" for part in parts))


def sources(request: HttpRequest, team: Team | None = None) -> QuerySet[Source]:
    mine = Source.objects.filter(_mine(request, "team__"), deleted_at=None)
    return mine.filter(team=team) if team else mine


def videos(request: HttpRequest) -> QuerySet[Video]:
    """Without those in the bin, which are nowhere but there: see `binned_videos`."""
    mine = Video.objects.filter(_mine(request, "job__team__"), job__state="done", binned_at=None)
    return mine.select_related("job", "job__person", "job__team", "job__character", "job__motion")


def binned_videos(request: HttpRequest) -> QuerySet[Video]:
    """What lies in the bins of the teams in which this person may organise."""
    mine = Video.objects.filter(job__team__in=_teams_to(request, Act.ORGANISE), binned_at__isnull=False)
    return mine.select_related("job", "job__person", "job__team", "binned_by")


def binned_sources(request: HttpRequest) -> QuerySet[Source]:
    mine = Source.objects.filter(team__in=_teams_to(request, Act.ORGANISE), deleted_at__isnull=False, erased_at=None)
    return mine.select_related("deleted_by", "team")


def stored_videos(request: HttpRequest) -> QuerySet[Video]:
    """Whose files this person may read: those in the bin too, if they may take them back."""
    mine = _mine(request, "job__team__") & Q(binned_at=None, job__state="done")
    return Video.objects.filter(mine | Q(pk__in=binned_videos(request).values("pk"))).select_related("job").distinct()


def stored_sources(request: HttpRequest) -> QuerySet[Source]:
    """Whose files this person may read: binned ones if a job was made from them, or to take them back."""
    used = Exists(Job.objects.filter(Q(character=OuterRef("pk")) | Q(motion=OuterRef("pk"))))
    readable = Q(deleted_at=None) | Q(used) | Q(team__in=_teams_to(request, Act.ORGANISE))
    return Source.objects.filter(_mine(request, "team__"), readable)


def _teams_to(request: HttpRequest, act: Act) -> QuerySet[Team]:
    """The teams in which this person may do this."""
    here = Membership.objects.filter(_mine(request, "team__"), user=person(request), role__in=roles_with(act))
    return Team.objects.filter(pk__in=here.values("team"))


def tags(request: HttpRequest, team: Team) -> QuerySet[Tag]:
    return Tag.objects.filter(_mine(request, "team__"), team=team)


def comments(request: HttpRequest) -> QuerySet[Comment]:
    """What was said about the videos this person may see, and not deleted."""
    mine = Comment.objects.filter(video__in=videos(request), deleted_at=None)
    return mine.select_related("author", "parent", "team", "video__job__team")


def collections(request: HttpRequest, team: Team | None = None) -> QuerySet[Collection]:
    """The team's, and this person's own private ones; nobody else's, whatever their role."""
    seen = ~Q(visibility=Collection.Visibility.PRIVATE) | Q(person=person(request))
    mine = Collection.objects.filter(_mine(request, "team__"), seen).select_related("person", "team")
    return mine.filter(team=team) if team else mine


def share_links(request: HttpRequest) -> QuerySet[ShareLink]:
    """Links to what this person may see, in the teams where they may share; revoked and expired ones too."""
    leads = Q(video__in=videos(request)) | Q(collection__in=collections(request))
    mine = ShareLink.objects.filter(leads, team__in=_teams_to(request, Act.SHARE))
    return mine.select_related("team", "made_by", "video__job__team", "collection__team")


class Ended(Http404):
    """The token is genuine, and its link is over. `link` says whose it was."""

    def __init__(self, link: ShareLink) -> None:
        super().__init__("the link has ended")
        self.link = link


class Locked(Http404):
    """The link is open and has a password, which this browser has not given."""

    def __init__(self, link: ShareLink) -> None:
        super().__init__("the link has a password")
        self.link = link


def shared(request: HttpRequest, token: str) -> ShareLink:
    """The open link with this token, for whoever holds it, asked about at every request.

    Raises Http404 for a word that is no token of ours, Ended and Locked (404 where nobody catches them) else.
    """
    link = ShareLink.by_token(token)
    if link is None:
        raise Http404("no such link")
    if link.has_ended:
        raise Ended(link)
    if not passes.has_pass(request, link):
        raise Locked(link)
    return link


class SharedVideo(NamedTuple):
    link: ShareLink
    video: Video


def shared_video(request: HttpRequest, token: str, pk: int) -> SharedVideo:
    """The video with this id, if the link leads to it. Raises as `shared` does."""
    link = shared(request, token)
    return SharedVideo(link, one(link.videos(), pk))


def entries(request: HttpRequest, team: Team) -> Entries:
    """The ledger of this team: everybody's for those who may see it, else one's own. Without the sandbox's."""
    rows = Entry.objects.filter(_mine(request, "team__"), team=team).billed()
    return rows if may(request, team, Act.SPENDING) else rows.filter(person=person(request))


def activities(request: HttpRequest, team: Team) -> QuerySet[Activity]:
    """What was done in this team. An owner sees the sign-ins and locks of its people, too, since they joined.

    Who runs the studio also sees what concerns the machine: wrong sign-ins of nobody, and the key.
    """
    rows = Activity.objects.filter(team=team)
    if not may(request, team, Act.KEY):
        return rows.exclude(_starts_with(OWNERS_ONLY))
    mine = Q(team=team)
    joined = Membership.objects.filter(team=team, user=OuterRef("person"), joined_at__lte=OuterRef("at"))
    mine |= Q(team=None) & Q(Exists(joined))
    if team.is_first and runs_studio(request):
        mine |= Q(team=None, person=None)
    return Activity.objects.filter(mine)


def _starts_with(groups: Iterable[str]) -> Q:
    found = Q()
    for group in groups:
        found |= Q(act=group) | Q(act__startswith=f"{group}.")
    return found


def tokens(request: HttpRequest) -> QuerySet[ApiToken]:
    """This person's own, in all of their teams, newest first."""
    mine = ApiToken.objects.filter(membership__user=person(request))
    return mine.select_related("membership__team").order_by("-pk")


def notifications(request: HttpRequest) -> Notifications:
    """What this person was told of the teams that they may enter: it quotes what is said there."""
    return Notification.objects.for_person(person(request)).filter(_is_open(person(request), "team__"))


def spend_requests(request: HttpRequest) -> QuerySet[SpendRequest]:
    """One's own, and everybody's in the teams where this person may grant them."""
    seen = Q(person=person(request)) & _mine(request, "team__")
    seen |= Q(team__in=_teams_to(request, Act.GRANT))
    rows = SpendRequest.objects.filter(seen).distinct()
    return rows.select_related("team", "person", "character", "motion", "decided_by", "job")


def one(rows: QuerySet[Any], pk: int) -> Any:
    """The row with this id among those this person may see, or 404."""
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404(f"no such {rows.model._meta.verbose_name}")
    return row


def mine_to(request: HttpRequest, act: Act, rows: QuerySet[Any], pk: int) -> Any:
    """The same row of a team, if this person may do this in that team. A video belongs to its job's."""
    row = one(rows, pk)
    team = row.job.team if isinstance(row, Video) else row.team
    show_as(request, team)
    require(request, team, act)
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
