"""The bin: what was deleted in the last 30 days, to be taken back or deleted for good."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from wanstudio.sharing.queries import links_by_video
from wanstudio.teams import access
from wanstudio.teams.roles import Act
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import binned_sources
from wanstudio.videos.bin import KEPT, bin_videos, erase_source, erase_video, restore_videos
from wanstudio.videos.models.video import Video
from wanstudio.videos.queries import binned_videos, visible_videos
from wanstudio.web.way_back import back

PAGE = 60


@login_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Of the team whose pages are shown: `kind=uploads` or videos, what was made last first, paged by `before`."""
    team = access.current_team(request)
    access.require(request, team, Act.ORGANISE)
    uploads = request.GET.get("kind") == "uploads"
    before = request.GET.get("before", "")
    rows: Any = binned_sources(request).filter(team=team)
    if not uploads:
        rows = binned_videos(request).filter(job__team=team)
    page, following = access.page(rows, before, PAGE)
    links = {} if uploads else links_by_video(request, [row.pk for row in page])
    for row in page:
        row.goes_at = (row.deleted_at if uploads else row.binned_at) + KEPT
        row.links = links.get(row.pk, 0)
    context = {"rows": page, "next": following, "before": before, "uploads": uploads}
    return render(request, "videos/bin.html", context)


@login_required
@require_POST
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """One video, from its page, whose way leads back to the wall."""
    video: Video = access.mine_to(request, Act.ORGANISE, visible_videos(request), pk)
    bin_videos([video], access.person(request))
    messages.success(request, f"“{video.job.title}” lies in the bin for 30 days.")
    return back(request, "binned.index")


@login_required
@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    video: Video = access.mine_to(request, Act.ORGANISE, binned_videos(request), pk)
    if restore_videos([video], access.person(request)):
        messages.success(request, f"“{video.job.title}” is back.")
    return back(request, "binned.index")


@login_required
@require_POST
def erase(request: HttpRequest, pk: int) -> HttpResponse:
    """For good: the file and everything about it. Its job, its price and the ledger stay."""
    video: Video = access.mine_to(request, Act.ORGANISE, binned_videos(request), pk)
    if not erase_video(video.pk, access.person(request)):
        raise Http404("somebody has taken it back")
    messages.success(request, f"“{video.job.title}” is deleted for good.")
    return back(request, "binned.index")


@login_required
@require_POST
def restore_upload(request: HttpRequest, pk: int) -> HttpResponse:
    source: Source = access.mine_to(request, Act.ORGANISE, binned_sources(request), pk)
    if source.restore(by=access.person(request)):
        messages.success(request, f"“{source.name}” is back.")
    return redirect(f"{reverse('binned.index')}?kind=uploads")


@login_required
@require_POST
def erase_upload(request: HttpRequest, pk: int) -> HttpResponse:
    """For good, unless a job under way still needs it."""
    source: Source = access.mine_to(request, Act.ORGANISE, binned_sources(request), pk)
    if erase_source(source.pk, access.person(request)):
        messages.success(request, f"“{source.name}” is deleted for good.")
    else:
        messages.info(request, f"A job under way still needs “{source.name}”. Delete it when that has ended.")
    return redirect(f"{reverse('binned.index')}?kind=uploads")
