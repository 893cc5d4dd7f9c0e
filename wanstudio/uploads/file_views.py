"""Files, with ranges: to the provider by signed link, to the team by session."""

from django.contrib.auth.decorators import login_required
from django.core.files import File
from django.db import connection
from django.db.models.fields.files import FieldFile
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from wanstudio.addresses import source_of
from wanstudio.media.ranged import ranged_response
from wanstudio.models import Source, Video
from wanstudio.views import access

TYPES = {
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "mov": "video/quicktime",
}


@require_safe
def show(request: HttpRequest, signed: str, name: str) -> HttpResponseBase:
    """An input for the provider, by a link signed by us and at most 24 h old."""
    source = Source.objects.filter(pk=source_of(signed) or 0).exclude(file="").first()
    if source is None:
        raise Http404("no such file")
    return _send(request, source.file, source, name)


@login_required
@require_safe
def source(request: HttpRequest, pk: int) -> HttpResponseBase:
    found: Source = access.one(access.stored_sources(request).exclude(file=""), pk)
    return _send(request, found.file, found, found.name)


@login_required
@require_safe
def source_poster(request: HttpRequest, pk: int) -> HttpResponseBase:
    found: Source = access.one(access.stored_sources(request).exclude(poster=""), pk)
    return _send(request, found.poster, found, "poster.jpg")


@login_required
@require_safe
def video(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The archived result; `?download` saves it under a name that says what it is."""
    found: Video = access.one(access.stored_videos(request), pk)
    return send_video(request, found, attachment="download" in request.GET)


def send_video(request: HttpRequest, found: Video, *, attachment: bool) -> HttpResponseBase:
    """A video that this person, or this guest, may see: looked up by who calls."""
    job = found.job
    name = f"{slugify(job.title) or 'video'}-{job.behaviour}-{job.resolution}-{found.pk}.mp4"
    return _send(request, found.file, found, name, attachment=attachment)


@login_required
@require_safe
def video_poster(request: HttpRequest, pk: int) -> HttpResponseBase:
    return send_poster(request, access.one(access.stored_videos(request), pk))


def send_poster(request: HttpRequest, found: Video) -> HttpResponseBase:
    return _send(request, found.poster, found, "poster.jpg")


def _send(
    request: HttpRequest, file: FieldFile, row: Source | Video, name: str, *, attachment: bool = False
) -> HttpResponseBase:
    """The stored file. Stored names are drawn at random and never written again: a name is its own ETag."""
    stored = str(file.name)
    storage = file.storage

    def opener() -> File:  # type: ignore[type-arg]
        return storage.open(stored, "rb")

    try:
        size_bytes = storage.size(stored)
    except FileNotFoundError:
        raise Http404("the file is gone") from None
    if not connection.in_atomic_block:
        # Somebody may take an hour to watch it, and PostgreSQL has connections for a hundred.
        connection.close()
    return ranged_response(
        request,
        opener,  # type: ignore[arg-type]
        size_bytes=size_bytes,
        etag=f'"{stored.rsplit("/", 1)[-1].partition(".")[0]}"',
        modified=row.archived_at if isinstance(row, Video) else row.created_at,
        content_type=TYPES.get(stored.rsplit(".", 1)[-1], "application/octet-stream"),
        filename=name,
        attachment=attachment,
    )
