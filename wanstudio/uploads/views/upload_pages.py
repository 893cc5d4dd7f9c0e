"""Uploads: the list of what the team has added, and the files themselves, with ranges."""

from mimetypes import guess_type
from pathlib import PurePath

from django.contrib import messages
from django.core.files.storage import default_storage
from django.db.models import OuterRef
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_safe

from wanstudio.media.errors import FetchError, MediaError
from wanstudio.media.pictures.metadata import without_metadata
from wanstudio.teams import access
from wanstudio.teams.roles import Act
from wanstudio.uploads import verbs, words
from wanstudio.uploads.cleaning import ensure_clean
from wanstudio.uploads.cuts import NEVER_SERVED
from wanstudio.uploads.forms import SourceForm
from wanstudio.uploads.models import Source
from wanstudio.uploads.names import clean
from wanstudio.uploads.queries import room_of, shown_once, signed_input, stored_source, visible_sources, with_words
from wanstudio.web.file_answers import hand_out, send
from wanstudio.web.lookups import CountUpTo, file_view, form_view, page_and_form_view, up_to
from wanstudio.web.way_back import back
from wanstudio.work.compiled import moment

PAGE = 60
# Of an upload that was used more often it says "1,000+".
MAX_COUNTED = 1_000


@page_and_form_view
def index(request: HttpRequest) -> HttpResponse:
    """The list, newest first: of one `kind`, with the words `q` in their names. What is posted is a `file` to add."""
    if request.method != "POST":
        return _list(request)
    team, file = access.team_in(request, Act.MAKE), request.FILES.get("file")
    fields = request.POST.copy()
    types = (file.content_type, guess_type(file.name or "")[0]) if file else ()
    is_clip = any((each or "").startswith("video/") for each in types)
    fields["kind"] = str(Source.Kind.MOTION if is_clip else Source.Kind.CHARACTER)
    form = SourceForm(fields, request.FILES, team)
    if not form.is_valid():
        return _list(request, form.wrong if file else words.NO_FILE)
    source = form.draft.keep(team, access.person(request))
    messages.success(request, words.ADDED.format(name=source.name))
    return redirect("uploads.show", source.pk)


def _list(request: HttpRequest, wrong: str = "") -> HttpResponse:
    team = access.current_team(request)
    rows = visible_sources(request, team).select_related("person")
    kind, before, asked = _kind(request.GET), request.GET.get("before", ""), clean(request.GET.get("q", ""))
    if kind:
        rows = rows.filter(kind=kind)
    end: int | None = None
    if asked:
        rows, end = with_words(rows, asked, access.number(before))
    rows = shown_once(rows).annotate(**{f"{name}_uses": _uses(f"{name}_jobs") for name in Source.Kind.values})
    page, following = access.page(rows, before, PAGE)
    for source in page:
        uses = source.character_uses + source.motion_uses  # type: ignore[attr-defined]
        source.uses = up_to(uses, MAX_COUNTED) if uses else ""  # type: ignore[attr-defined]
    # What comes before the end of this look is the next one's.
    following = following or (end + 1 if end else None)
    context: dict[str, object] = {
        "sources": page,
        "next": following,
        "before": bool(before),
        "kind": kind,
        "q": asked,
        "wrong": wrong,
    }
    context["room"] = room_of(team)
    return render(request, "uploads/index.html", context, status=422 if wrong else 200)


def _uses(jobs: str) -> CountUpTo:
    used = Source.objects.filter(pk=OuterRef("pk"), **{f"{jobs}__isnull": False}).order_by()
    return CountUpTo(used.values(f"{jobs}__pk")[: MAX_COUNTED + 1])


def _kind(data: QueryDict) -> str:
    return kind if (kind := data.get("kind", "")) in Source.Kind.values else ""


@form_view
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    source: Source = access.mine_to(request, Act.ORGANISE, visible_sources(request).select_related("team"), pk)
    if name := clean(request.POST.get("name", "")):
        verbs.rename(source, name, by=access.person(request))
    elif not request.htmx:  # type: ignore[attr-defined]
        messages.info(request, words.NO_NAME)
    if request.htmx:  # type: ignore[attr-defined]
        context = {"source": source, "error": "" if name else words.NO_NAME}
        return render(request, "uploads/_name.html", context, status=200 if name else 422)
    return back(request, "uploads.show", pk)


@form_view
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Out of the lists; what was made from it stays."""
    source: Source = access.mine_to(request, Act.ORGANISE, visible_sources(request).select_related("team"), pk)
    verbs.discard(source, access.person(request))
    messages.success(request, format_html(words.DELETED, source.name, reverse("binned.index")))
    kind = _kind(request.POST)
    return redirect(reverse("uploads.index") + (f"?kind={kind}" if kind else ""))


@require_safe
def signed_file(request: HttpRequest, signed: str, name: str) -> HttpResponseBase:
    """An input for the provider, by a link signed by us and at most 24 h old."""
    found = signed_input(signed)
    if found is None:
        raise Http404("no such file")
    source, stored = found
    if source.cleaned_at is None:
        _clean(source)
        source, stored = signed_input(signed) or found
    return send(request, stored, source.created_at, name)


@file_view
def file(request: HttpRequest, pk: int, which: str = "file") -> HttpResponseBase:
    source = stored_source(request, pk)
    if source.cleaned_at is None and source.file:
        if which == "poster":
            return _poster_without_metadata(source.poster)
        _clean(Source.objects.get(pk=pk))
        source = stored_source(request, pk)
    if which == "poster":
        stored, name = source.poster, "poster.jpg"
    elif which == "preview" or source.format in NEVER_SERVED:
        stored, name = source.preview, f"{PurePath(source.file_name).stem}.mp4"
    else:
        stored, name = source.file, source.file_name
    if not stored:
        raise Http404("no such file")
    return hand_out(request, stored, moment(source.created_at), name)


def _poster_without_metadata(stored: str) -> HttpResponse:
    """Of an upload that waits to be cleaned: a page shows dozens of them, too many to decode their files for it."""
    try:
        with default_storage.open(stored, "rb") as file:
            return HttpResponse(without_metadata(file.read()), "image/jpeg", headers={"Cache-Control": "no-store"})
    except (OSError, ValueError):
        raise Http404("no such file") from None


def _clean(source: Source) -> None:
    """A file of an earlier version is cleaned before anyone gets it. Http404 while that cannot be done."""
    try:
        ensure_clean(source)
    except (FetchError, MediaError, OSError) as wrong:
        raise Http404("not cleaned yet") from wrong
