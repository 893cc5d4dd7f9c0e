"""Selected videos, tagged, collected, downloaded or binned all at once."""

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
from wanstudio.videos import wall, words
from wanstudio.videos.models import Collection, Video
from wanstudio.videos.names import key_of
from wanstudio.videos.queries import visible_collections, visible_tags, visible_videos
from wanstudio.videos.verbs import filing
from wanstudio.videos.verbs.binning import bin_videos
from wanstudio.videos.zip_archive import zipped
from wanstudio.web.way_back import back

MAX_SELECTED = 10_000


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
            filing.take_tag_off(gone, chosen, access.person(request))
            messages.success(request, words.UNTAGGED.format(tag=gone, count=words.count_of(chosen)))
    elif chosen and (named := filing.tag_named(team, name)):
        filing.put_tag_on(named, chosen, access.person(request))
        messages.success(request, words.TAGGED.format(tag=named, count=words.count_of(chosen)))
    else:
        messages.info(request, words.TAG_MISSING if chosen else words.NOTHING_SELECTED)
    return back(request, "videos.index")


@login_required
@require_POST
def collect(request: HttpRequest) -> HttpResponse:
    """Into `collection`, or out of the one in `out`, or into a new one of this `name`."""
    team = access.team_in(request, Act.ORGANISE)
    chosen, post, person = _chosen(request, team), request.POST, access.person(request)
    mine = visible_collections(request, team)
    if post.get("out"):
        out = access.one(mine, access.number(post["out"]) or 0)
        filing.take_out(out, chosen)
        messages.success(request, words.TAKEN_OUT.format(count=words.count_of(chosen), collection=out))
        return back(request, "videos.index")
    into: Collection | None = None
    if post.get("collection"):
        into = access.one(mine, access.number(post["collection"]) or 0)
    elif chosen:
        into = filing.collection_named(team, person, post.get("name", ""))
    if chosen and into:
        filing.collect(into, chosen, person)
        address = f"{reverse('videos.index')}?collection={into.pk}"
        messages.success(request, format_html(words.COLLECTED_HTML, words.count_of(chosen), address, into))
    else:
        messages.info(request, words.COLLECTION_MISSING if chosen else words.NOTHING_SELECTED)
    return back(request, "videos.index")


@login_required
@require_POST
def put_into_bin(request: HttpRequest) -> HttpResponse:
    """They stay in the bin for 30 days."""
    team = access.team_in(request, Act.ORGANISE)
    chosen = _chosen(request, team)
    if chosen:
        bin_videos(chosen, access.person(request))
        said = format_html(words.BINNED_HTML, words.count_of(chosen), reverse("binned.index"))
        messages.success(request, said)
    else:
        messages.info(request, words.NOTHING_SELECTED)
    return back(request, "videos.index")


@login_required
@require_POST
def download(request: HttpRequest) -> HttpResponseBase:
    """All of them as one archive, named by their titles."""
    team = access.team_in(request, Act.VIEW)
    chosen = _chosen(request, team)
    if not chosen:
        messages.info(request, words.NOTHING_SELECTED)
        return back(request, "videos.index")
    return zipped(chosen, f"{slugify(team.name) or 'wan-studio'}-videos-{timezone.localdate():%Y-%m-%d}.zip")


def _chosen(request: HttpRequest, team: Team) -> list[Video]:
    """The `video`s that were ticked; with `all`, everything found by `query` that was there when the page was made."""
    post = request.POST
    if post.get("all") == "1":
        rows = wall.found(request, team, wall.asked_of(QueryDict(post.get("query", "")[:5000])))
        rows = rows.filter(pk__lte=access.number(post.get("newest")) or 0)
    else:
        ids = [access.number(text) or 0 for text in islice(post.getlist("video"), MAX_SELECTED)]
        rows = visible_videos(request).filter(job__team=team, pk__in=ids)
    return list(rows.order_by("-pk")[:MAX_SELECTED])
