"""What is done with many videos at once: tag, collect, download, bin."""

from itertools import islice

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import slugify
from django.views.decorators.http import require_POST

from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.videos import wall
from wanstudio.videos.bin import bin_videos
from wanstudio.videos.models.collections import Collection
from wanstudio.videos.models.tags import Tag, key_of
from wanstudio.videos.models.video import Video
from wanstudio.videos.queries import visible_collections, visible_tags, visible_videos
from wanstudio.videos.zip_archive import zipped
from wanstudio.web.way_back import back

MOST = 10_000


@login_required
@require_POST
def tag(request: HttpRequest) -> HttpResponse:
    """`tag` is put on all, or taken off with `off`. Enter in the field of a new collection arrives here, too."""
    if request.POST.get("name", "").strip() and not request.POST.get("tag", "").strip():
        return collect(request)
    team = access.team_in(request, Act.ORGANISE)
    chosen, name = _chosen(request, team), request.POST.get("tag", "")
    if request.POST.get("off"):
        for gone in visible_tags(request, team).filter(key=key_of(name)):
            gone.take_off(chosen, by=access.person(request))
            messages.success(request, f"“{gone}” taken off {_many(chosen)}.")
    elif chosen and (named := Tag.named(team, name)):
        named.put_on(chosen, by=access.person(request))
        messages.success(request, f"{_many(chosen)} tagged “{named}”.")
    else:
        _nothing(request, chosen, "Write a tag first. Nothing was changed.")
    return back(request, "videos.index")


@login_required
@require_POST
def collect(request: HttpRequest) -> HttpResponse:
    """Into `collection`, or out of the one in `out`, or into a new one of this `name`."""
    team = access.team_in(request, Act.ORGANISE)
    chosen, post, person = _chosen(request, team), request.POST, access.person(request)
    mine = visible_collections(request, team)
    if post.get("out"):
        into: Collection | None = access.one(mine, access.number(post["out"]) or 0)
        assert into is not None  # noqa: S101
        into.remove(chosen)
        messages.success(request, f"{_many(chosen)} taken out of “{into}”.")
        return back(request, "videos.index")
    if post.get("collection"):
        into = access.one(mine, access.number(post["collection"]) or 0)
    else:
        into = Collection.named(team, person, post.get("name", "")) if chosen else None
    if chosen and into:
        into.add(chosen, person)
        address = f"{reverse('videos.index')}?collection={into.pk}"
        messages.success(request, format_html('{} in <a href="{}">“{}”</a>.', _many(chosen), address, into))
    else:
        _nothing(request, chosen, "Name the collection first. Nothing was changed.")
    return back(request, "videos.index")


@login_required
@require_POST
def put_into_bin(request: HttpRequest) -> HttpResponse:
    """They lie in the bin for 30 days."""
    team = access.team_in(request, Act.ORGANISE)
    chosen = _chosen(request, team)
    if chosen:
        bin_videos(chosen, access.person(request))
        words = '{} in the bin for 30 days. <a href="{}">Open the bin</a>'
        messages.success(request, format_html(words, _many(chosen), reverse("binned.index")))
    else:
        _nothing(request, chosen, "")
    return back(request, "videos.index")


@login_required
@require_POST
def download(request: HttpRequest) -> HttpResponseBase:
    """All of them as one archive, named by their titles."""
    team = access.team_in(request, Act.VIEW)
    chosen = _chosen(request, team)
    if not chosen:
        _nothing(request, chosen, "")
        return back(request, "videos.index")
    return zipped(chosen, f"{slugify(team.name) or 'wan-studio'}-videos-{timezone.localdate():%Y-%m-%d}.zip")


def _chosen(request: HttpRequest, team: Team) -> list[Video]:
    """The `video`s that were ticked; with `all`, everything found by `query` that was there when the page was made."""
    post = request.POST
    if post.get("all") == "1":
        rows = wall.found(request, team, wall.asked_of(QueryDict(post.get("query", "")[:5000])))
        rows = rows.filter(pk__lte=access.number(post.get("newest")) or 0)
    else:
        ids = [access.number(text) or 0 for text in islice(post.getlist("video"), MOST)]
        rows = visible_videos(request).filter(job__team=team, pk__in=ids)
    return list(rows.order_by("-pk")[:MOST])


def _many(chosen: list[Video]) -> str:
    return "1 video" if len(chosen) == 1 else f"{len(chosen):,} videos"


def _nothing(request: HttpRequest, chosen: list[Video], otherwise: str) -> None:
    messages.info(request, otherwise if chosen else "No video was selected. Nothing was changed.")
