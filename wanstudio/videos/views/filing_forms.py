"""Filing of one video, on its page: its tags and the collections it is in."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from wanstudio.teams import access
from wanstudio.teams.roles import Act
from wanstudio.videos.models import Video
from wanstudio.videos.names import key_of
from wanstudio.videos.queries import visible_collections, visible_tags, visible_videos
from wanstudio.videos.verbs import filing
from wanstudio.videos.views.video_page import filed
from wanstudio.web.way_back import back


@login_required
@require_POST
def tag(request: HttpRequest, pk: int) -> HttpResponse:
    """`tag` puts one on, or several with commas between; `remove` takes one off. Said, not toggled: twice is once."""
    video = _video(request, pk)
    if gone := request.POST.get("remove", ""):
        for found in visible_tags(request, video.job.team).filter(key=key_of(gone)):
            filing.take_tag_off(found, [video], access.person(request))
    else:
        for name in request.POST.get("tag", "").split(",")[:20]:
            if named := filing.tag_named(video.job.team, name):
                filing.put_tag_on(named, [video], access.person(request))
    return _answer(request, video)


@login_required
@require_POST
def collect(request: HttpRequest, pk: int) -> HttpResponse:
    """`collection` lays it into one, `name` into a new one; `remove` takes it out."""
    video = _video(request, pk)
    person, post = access.person(request), request.POST
    mine = visible_collections(request, video.job.team)
    if gone := post.get("remove"):
        filing.take_out(access.one(mine, access.number(gone) or 0), [video])
    elif chosen := post.get("collection"):
        filing.collect(access.one(mine, access.number(chosen) or 0), [video], person)
    elif made := filing.collection_named(video.job.team, person, post.get("name", "")):
        filing.collect(made, [video], person)
    return _answer(request, video)


def _video(request: HttpRequest, pk: int) -> Video:
    video: Video = access.mine_to(request, Act.ORGANISE, visible_videos(request), pk)
    return video


def _answer(request: HttpRequest, video: Video) -> HttpResponse:
    if not request.htmx:  # type: ignore[attr-defined]
        return back(request, "videos.show", video.pk)
    return render(request, "videos/_filed.html", {"video": video, **filed(request, video)})
