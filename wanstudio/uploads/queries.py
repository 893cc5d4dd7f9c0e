"""Uploads that a person may see, and the links by which the provider fetches them."""

from django.conf import settings
from django.core import signing
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from wanstudio.teams.access import in_my_teams, teams_to
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.uploads.models import Source

# A provider may fetch its inputs late in a long queue.
FILE_LINK_S = 24 * 60 * 60
_SALT = "wanstudio.files"


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


def input_link(source: Source) -> str:
    """Where the provider finds this input: the link as it was given, or a signed one to our file."""
    if source.url:
        return source.url
    name = f"{source.kind}.{source.format.lower()}"
    return settings.LINK_BASE + reverse("files.show", args=[signing.dumps(source.pk, salt=_SALT), name])


def source_of(signed: str) -> int | None:
    """The id in a file link, or None if it is forged or over 24 h old."""
    try:
        pk = signing.loads(signed, salt=_SALT, max_age=FILE_LINK_S)
    except signing.BadSignature:
        return None
    return pk if isinstance(pk, int) else None
