"""Videos, tags and collections that a person may see."""

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from wanstudio.accounts.models import User
from wanstudio.teams.access import in_my_teams, person, teams_to
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.videos.models import Collection, Favourite, Tag, Video

MAX_SUGGESTED = 200


def visible_videos(request: HttpRequest) -> QuerySet[Video]:
    """Without those in the bin, which are nowhere but there: see `binned_videos`."""
    mine = Video.objects.filter(in_my_teams(request, "job__team__"), job__state="done", binned_at=None)
    return mine.select_related("job", "job__person", "job__team", "job__character", "job__motion")


def starred_videos(request: HttpRequest) -> QuerySet[Video]:
    """The same, each with whether it has this person's star (`is_favourite`)."""
    return visible_videos(request).annotate(is_favourite=has_star(person(request)))


def has_star(user: User) -> Exists:
    """For a query of videos: whether each has this person's star, without a query of its own."""
    return Exists(Favourite.objects.filter(user=user, video=OuterRef("pk")))


def visible_tags(request: HttpRequest, team: Team) -> QuerySet[Tag]:
    return Tag.objects.filter(in_my_teams(request, "team__"), team=team)


def visible_collections(request: HttpRequest, team: Team | None = None) -> QuerySet[Collection]:
    """The team's, and this person's own private ones; nobody else's, whatever their role."""
    seen = ~Q(visibility=Collection.Visibility.PRIVATE) | Q(person=person(request))
    mine = Collection.objects.filter(in_my_teams(request, "team__"), seen).select_related("person", "team")
    return mine.filter(team=team) if team else mine


def binned_videos(request: HttpRequest) -> QuerySet[Video]:
    """What lies in the bins of the teams in which this person may organise."""
    mine = Video.objects.filter(job__team__in=teams_to(request, Act.ORGANISE), binned_at__isnull=False)
    return mine.select_related("job", "job__person", "job__team", "binned_by")


def readable_videos(request: HttpRequest) -> QuerySet[Video]:
    """Whose files this person may read: those in the bin too, if they may take them back."""
    mine = in_my_teams(request, "job__team__") & Q(binned_at=None, job__state="done")
    return Video.objects.filter(mine | Q(pk__in=binned_videos(request).values("pk"))).select_related("job").distinct()
