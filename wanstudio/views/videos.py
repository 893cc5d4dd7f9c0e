"""Videos: what came out."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from wanstudio.models import Video
from wanstudio.views import access

PAGE = 60


@login_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    before = request.GET.get("before", "")
    rows = access.videos(request).order_by("-pk")
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    page = list(rows[: PAGE + 1])
    following = page[PAGE - 1].pk if len(page) > PAGE else None
    return render(request, "videos/index.html", {"videos": page[:PAGE], "next": following})


@login_required
@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    video: Video = access.one(access.videos(request), pk)
    return render(request, "videos/show.html", {"video": video, "job": video.job})
