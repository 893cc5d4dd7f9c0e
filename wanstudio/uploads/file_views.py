"""Files, with ranges: to the provider by signed link, to the team by session."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from wanstudio.teams import access
from wanstudio.uploads.file_links import source_of
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import readable_sources
from wanstudio.web.file_answers import send


@require_safe
def show(request: HttpRequest, signed: str, name: str) -> HttpResponseBase:
    """An input for the provider, by a link signed by us and at most 24 h old."""
    source = Source.objects.filter(pk=source_of(signed) or 0).exclude(file="").first()
    if source is None:
        raise Http404("no such file")
    return send(request, source.file, source.created_at, name)


@login_required
@require_safe
def source(request: HttpRequest, pk: int) -> HttpResponseBase:
    found: Source = access.one(readable_sources(request).exclude(file=""), pk)
    return send(request, found.file, found.created_at, found.name)


@login_required
@require_safe
def source_poster(request: HttpRequest, pk: int) -> HttpResponseBase:
    found: Source = access.one(readable_sources(request).exclude(poster=""), pk)
    return send(request, found.poster, found.created_at, "poster.jpg")
