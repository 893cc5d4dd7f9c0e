"""Share links that a person manages, and the videos that a link opens to a guest."""

from collections.abc import Iterable

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.http import Http404, HttpRequest

from wanstudio.jobs.models import Job, State
from wanstudio.sharing.guest_access import is_unlocked
from wanstudio.sharing.models import ShareLink, digest_of
from wanstudio.teams.access import in_my_teams, teams_to
from wanstudio.teams.roles import Act, roles_with
from wanstudio.videos.models import CollectedVideo, Video
from wanstudio.videos.queries import link_counters, visible_collections
from wanstudio.videos.wall_rows import Found
from wanstudio.web.lookups import one, up_to

PAGE = 60
# For a larger collection the page says "1,000+".
MAX_COUNTED = 1_000


def visible_links(request: HttpRequest) -> QuerySet[ShareLink]:
    """Links to what this person can see, in the teams where they can share; revoked, expired and binned ones too."""
    leads = Exists(linked_videos(request).filter(pk=OuterRef("video"))) | Q(collection__in=visible_collections(request))
    mine = ShareLink.objects.filter(leads, team__in=teams_to(request, Act.SHARE))
    return mine.select_related("team", "made_by", "video__team", "collection__team")


def linked_videos(request: HttpRequest) -> QuerySet[Video]:
    """Whose links this person can look at: those of a video in the bin are open again once it is restored."""
    in_bin = Q(team__memberships__role__in=roles_with(Act.ORGANISE), binned_at__isnull=False)
    mine = in_my_teams(request, "team__") & (Q(job__state__unindexed="done", binned_at=None) | in_bin)
    return Video.objects.filter(mine).select_related("job", "team")


def links_by_video(request: HttpRequest, videos: Iterable[int]) -> dict[int, int]:
    """By the id of each of these videos, how many links lead to it that are neither revoked nor expired."""
    lasting = Q(expires_at=None) | Q(expires_at__gt=Now())
    found = visible_links(request).filter(lasting, revoked_at=None, video__in=list(videos)).order_by()
    return dict(found.values_list("video").annotate(count=Count("pk")))


class Closed(Http404):
    """The token is genuine, but its link has ended, or has a password that this browser has not given."""

    def __init__(self, link: ShareLink, *, is_locked: bool) -> None:
        super().__init__("the link has ended, or has a password")
        self.link, self.is_locked = link, is_locked


def link_by_token(token: str) -> ShareLink | None:
    """The link with this token, open or ended; None for any other word."""
    parts = ("team", "made_by", "video__job__person", "video__team", "collection")
    # Found by a digest, so that what the index tells by its timing says nothing about the token.
    found = ShareLink.objects.select_related(*parts).filter(digest=digest_of(token))
    # As many characters as 32 bytes make; anything else is not looked up at all.
    return found.first() if len(token) == 43 else None


def shared(request: HttpRequest, token: str) -> ShareLink:
    """The open link with this token. Raises Http404 for an unknown token, and Closed (404 if uncaught) otherwise."""
    if (link := link_by_token(token)) is None:
        raise Http404("no such link")
    if (has_ended := link.has_ended) or not is_unlocked(request, link):
        raise Closed(link, is_locked=not has_ended)
    return link


def shared_page(link: ShareLink, before: int | None) -> tuple[list[Video], int | None]:
    """The next tiles of the link's collection, newest first, older than id `before`; and the id to continue from.

    Read along the collection's index, so that a page costs the same for any size.
    """
    here = _collected(link)
    ids = list((here if before is None else here.older_than(before)).ids()[: PAGE + 1])
    rows = link.videos().in_bulk(ids[:PAGE])
    return [rows[pk] for pk in ids[:PAGE] if pk in rows], ids[PAGE - 1] if len(ids) > PAGE else None


def shared_count(link: ShareLink) -> str:
    return up_to(_collected(link).ids()[: MAX_COUNTED + 1].count(), MAX_COUNTED)


def _collected(link: ShareLink) -> Found:
    done = Exists(Job.objects.filter(pk=OuterRef("video__job"), state__unindexed=State.DONE))
    collected = CollectedVideo.objects.filter(done, collection=link.collection_id or 0)
    return Found(collected, "video__").only(team__id__unindexed=link.team_id, binned_at=None)


def shared_video(request: HttpRequest, token: str, pk: int) -> tuple[ShareLink, Video]:
    """The video with this id, if the link leads to it. Raises as `shared` does."""
    link = shared(request, token)
    return link, one(link.videos(), pk)


link_counters.append(links_by_video)
