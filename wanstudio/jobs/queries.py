"""What the teams make: their sources, jobs and videos, what is said about them, and what they cost."""

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.http import HttpRequest

from wanstudio.models import (
    Attempt,
    Collection,
    Comment,
    Entry,
    Job,
    Source,
    SpendRequest,
    Tag,
    Team,
    Transition,
    Video,
)
from wanstudio.models.attempt import NOTEWORTHY
from wanstudio.models.ledger import Entries
from wanstudio.roles import Act
from wanstudio.views.access.allowed import may, teams_to
from wanstudio.views.access.standing import in_my_teams, person


def jobs(request: HttpRequest) -> QuerySet[Job]:
    mine = Job.objects.filter(in_my_teams(request, "team__"))
    return mine.select_related("person", "character", "motion", "video", "team")


def transitions(request: HttpRequest) -> QuerySet[Transition]:
    """Timelines with their jobs in one query, for the status poll; `role` is this person's in the job's team.

    `has_tries`: its page has something to say about earlier tries.
    """
    mine = Transition.objects.filter(in_my_teams(request, "job__team__"))
    parts = ("person", "character", "motion", "video", "team")
    told = Attempt.objects.filter(NOTEWORTHY, job=OuterRef("job"))
    mine = mine.annotate(role=F("job__team__memberships__role"), has_tries=Exists(told))
    return mine.select_related("job", *(f"job__{part}" for part in parts))


def sources(request: HttpRequest, team: Team | None = None) -> QuerySet[Source]:
    mine = Source.objects.filter(in_my_teams(request, "team__"), deleted_at=None)
    return mine.filter(team=team) if team else mine


def videos(request: HttpRequest) -> QuerySet[Video]:
    """Without those in the bin, which are nowhere but there: see `binned_videos`."""
    mine = Video.objects.filter(in_my_teams(request, "job__team__"), job__state="done", binned_at=None)
    return mine.select_related("job", "job__person", "job__team", "job__character", "job__motion")


def tags(request: HttpRequest, team: Team) -> QuerySet[Tag]:
    return Tag.objects.filter(in_my_teams(request, "team__"), team=team)


def collections(request: HttpRequest, team: Team | None = None) -> QuerySet[Collection]:
    """The team's, and this person's own private ones; nobody else's, whatever their role."""
    seen = ~Q(visibility=Collection.Visibility.PRIVATE) | Q(person=person(request))
    mine = Collection.objects.filter(in_my_teams(request, "team__"), seen).select_related("person", "team")
    return mine.filter(team=team) if team else mine


def comments(request: HttpRequest) -> QuerySet[Comment]:
    """What was said about the videos this person may see, and not deleted."""
    mine = Comment.objects.filter(video__in=videos(request), deleted_at=None)
    return mine.select_related("author", "parent", "team", "video__job__team")


def binned_videos(request: HttpRequest) -> QuerySet[Video]:
    """What lies in the bins of the teams in which this person may organise."""
    mine = Video.objects.filter(job__team__in=teams_to(request, Act.ORGANISE), binned_at__isnull=False)
    return mine.select_related("job", "job__person", "job__team", "binned_by")


def binned_sources(request: HttpRequest) -> QuerySet[Source]:
    mine = Source.objects.filter(team__in=teams_to(request, Act.ORGANISE), deleted_at__isnull=False, erased_at=None)
    return mine.select_related("deleted_by", "team")


def stored_videos(request: HttpRequest) -> QuerySet[Video]:
    """Whose files this person may read: those in the bin too, if they may take them back."""
    mine = in_my_teams(request, "job__team__") & Q(binned_at=None, job__state="done")
    return Video.objects.filter(mine | Q(pk__in=binned_videos(request).values("pk"))).select_related("job").distinct()


def stored_sources(request: HttpRequest) -> QuerySet[Source]:
    """Whose files this person may read: binned ones if a job was made from them, or to take them back."""
    used = Exists(Job.objects.filter(Q(character=OuterRef("pk")) | Q(motion=OuterRef("pk"))))
    readable = Q(deleted_at=None) | Q(used) | Q(team__in=teams_to(request, Act.ORGANISE))
    return Source.objects.filter(in_my_teams(request, "team__"), readable)


def entries(request: HttpRequest, team: Team) -> Entries:
    """The ledger of this team: everybody's for those who may see it, else one's own. Without the sandbox's."""
    rows = Entry.objects.filter(in_my_teams(request, "team__"), team=team).billed()
    return rows if may(request, team, Act.SPENDING) else rows.filter(person=person(request))


def spend_requests(request: HttpRequest) -> QuerySet[SpendRequest]:
    """One's own, and everybody's in the teams where this person may grant them."""
    seen = Q(person=person(request)) & in_my_teams(request, "team__")
    seen |= Q(team__in=teams_to(request, Act.GRANT))
    rows = SpendRequest.objects.filter(seen).distinct()
    return rows.select_related("team", "person", "character", "motion", "decided_by", "job")
