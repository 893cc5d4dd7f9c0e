"""Uploads that a person may see."""

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from wanstudio.teams.access import in_my_teams, teams_to
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.uploads.models import Source


def visible_sources(request: HttpRequest, team: Team | None = None) -> QuerySet[Source]:
    mine = Source.objects.filter(in_my_teams(request, "team__"), deleted_at=None)
    return mine.filter(team=team) if team else mine


def binned_sources(request: HttpRequest) -> QuerySet[Source]:
    mine = Source.objects.filter(team__in=teams_to(request, Act.ORGANISE), deleted_at__isnull=False, erased_at=None)
    return mine.select_related("deleted_by", "team")


def readable_sources(request: HttpRequest) -> QuerySet[Source]:
    """Whose files this person may read: binned ones if a job was made from them, or to take them back."""
    in_jobs = Q(character_jobs__isnull=False) | Q(motion_jobs__isnull=False)
    used = Exists(Source.objects.filter(in_jobs, pk=OuterRef("pk")))
    readable = Q(deleted_at=None) | Q(used) | Q(team__in=teams_to(request, Act.ORGANISE))
    return Source.objects.filter(in_my_teams(request, "team__"), readable)
