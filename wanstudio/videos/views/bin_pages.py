"""Pages of the bin: videos and uploads of the last 30 days, to be taken back or deleted for good."""

from datetime import datetime
from typing import NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from wanstudio.teams import access
from wanstudio.teams.roles import Act
from wanstudio.uploads import verbs as source_verbs
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import binned_sources
from wanstudio.videos import words
from wanstudio.videos.extensions import count_links
from wanstudio.videos.models import Video
from wanstudio.videos.queries import binned_videos, visible_videos
from wanstudio.videos.verbs.binning import KEPT, bin_videos, erase_source, erase_video, restore_videos
from wanstudio.web.way_back import back

PAGE = 60


class Binned(NamedTuple):
    """A row of the bin; `links`: how many open ones lead to it."""

    thing: Video | Source
    binned_at: datetime | None
    links: int = 0

    @property
    def goes_at(self) -> datetime | None:
        return self.binned_at and self.binned_at + KEPT


@login_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Of the team whose pages are shown: `kind=uploads` or videos, what was made last first, paged by `before`."""
    team = access.current_team(request)
    access.require(request, team, Act.ORGANISE)
    uploads = request.GET.get("kind") == "uploads"
    before = request.GET.get("before", "")
    if uploads:
        sources: list[Source]
        sources, following = access.page(binned_sources(request).filter(team=team), before, PAGE)
        rows = [Binned(source, source.deleted_at) for source in sources]
    else:
        videos: list[Video]
        videos, following = access.page(binned_videos(request).filter(job__team=team), before, PAGE)
        links = count_links(request, videos)
        rows = [Binned(video, video.binned_at, links.get(video.pk, 0)) for video in videos]
    context = {"rows": rows, "next": following, "before": before, "uploads": uploads}
    return render(request, "videos/bin.html", context)


@login_required
@require_POST
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """One video, from its page, whose way leads back to the wall."""
    video = access.mine_to(request, Act.ORGANISE, visible_videos(request), pk)
    bin_videos([video], access.person(request))
    messages.success(request, words.BINNED.format(name=video.job.title))
    return back(request, "binned.index")


@login_required
@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    video = access.mine_to(request, Act.ORGANISE, binned_videos(request), pk)
    if restore_videos([video], access.person(request)):
        messages.success(request, words.RESTORED.format(name=video.job.title))
    return back(request, "binned.index")


@login_required
@require_POST
def erase(request: HttpRequest, pk: int) -> HttpResponse:
    """For good: the file and everything about it. Its job, its price and the ledger stay."""
    video = access.mine_to(request, Act.ORGANISE, binned_videos(request), pk)
    if not erase_video(video.pk, access.person(request)):
        raise Http404("somebody has taken it back")
    messages.success(request, words.ERASED.format(name=video.job.title))
    return back(request, "binned.index")


@login_required
@require_POST
def restore_upload(request: HttpRequest, pk: int) -> HttpResponse:
    source = access.mine_to(request, Act.ORGANISE, binned_sources(request), pk)
    if source_verbs.restore(source, by=access.person(request)):
        messages.success(request, words.RESTORED.format(name=source.name))
    return redirect(f"{reverse('binned.index')}?kind=uploads")


@login_required
@require_POST
def erase_upload(request: HttpRequest, pk: int) -> HttpResponse:
    """For good, unless a job under way still needs it."""
    source = access.mine_to(request, Act.ORGANISE, binned_sources(request), pk)
    if erase_source(source.pk, access.person(request)):
        messages.success(request, words.ERASED.format(name=source.name))
    else:
        messages.info(request, words.STILL_NEEDED.format(name=source.name))
    return redirect(f"{reverse('binned.index')}?kind=uploads")
