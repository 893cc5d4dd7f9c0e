"""Video files, with ranges, to the team by session."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from wanstudio.teams import access
from wanstudio.videos.models import Video
from wanstudio.videos.queries import readable_videos
from wanstudio.web.file_answers import send


@login_required
@require_safe
def video(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The archived result; `?download` saves it under a name that says what it is."""
    found: Video = access.one(readable_videos(request), pk)
    return send_video(request, found, attachment="download" in request.GET)


def send_video(request: HttpRequest, found: Video, *, attachment: bool) -> HttpResponseBase:
    """A video that this person, or this guest, may see: looked up by who calls."""
    job = found.job
    name = f"{slugify(job.title) or 'video'}-{job.behaviour}-{job.resolution}-{found.pk}.mp4"
    return send(request, found.file, found.archived_at, name, attachment=attachment)


@login_required
@require_safe
def video_poster(request: HttpRequest, pk: int) -> HttpResponseBase:
    return send_poster(request, access.one(readable_videos(request), pk))


def send_poster(request: HttpRequest, found: Video) -> HttpResponseBase:
    return send(request, found.poster, found.archived_at, "poster.jpg")
