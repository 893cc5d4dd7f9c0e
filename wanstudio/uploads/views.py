"""Sources: what the team has added."""

from pathlib import Path
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from wanstudio.studio import slots
from wanstudio.studio import views as studio
from wanstudio.studio.forms import JobForm, SourceForm
from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.uploads.forms import take
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import visible_sources

PAGE = 60
SAMPLES = {"character": "mira.png", "motion": "walk.mp4"}


@login_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What is kept for next time, newest first, a page at a time; `kind` narrows it."""
    rows = visible_sources(request, access.current_team(request)).select_related("person").order_by("-pk")
    kind = request.GET.get("kind", "")
    if kind in Source.Kind.values:
        rows = rows.filter(kind=kind)
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    rows = rows.annotate(
        uses=Count("character_jobs", distinct=True) + Count("motion_jobs", distinct=True),
    )
    page = list(rows[: PAGE + 1])
    context = {
        "sources": page[:PAGE],
        "next": page[PAGE - 1].pk if len(page) > PAGE else None,
        "before": bool(before),
        "kind": kind if kind in Source.Kind.values else "",
    }
    return render(request, "uploads/index.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """A file or a link: its slot of the studio, 422 with the sentence if it cannot be used.

    Without JavaScript the answer is the studio itself: a visit to the address it then has leads there.
    """
    if request.method != "POST":
        return redirect("studio.index")
    team = access.team_in(request, Act.MAKE)
    form = SourceForm(request.POST, request.FILES)
    source = form.draft.keep(team, access.person(request)) if form.is_valid() else None
    if not request.htmx:  # type: ignore[attr-defined]
        return _page(request, team, form, source)
    kind = "motion" if form.data["kind"] == "motion" else "character"
    url = "" if source else form.data["url"]
    shown = slots.slot(request, kind, source, team, wrong=form.wrong, url=url, file=form.file_name)
    return render(request, "studio/_slot.html", {"slot": shown}, status=201 if source else 422)


def _page(request: HttpRequest, team: Team, form: SourceForm, source: Source | None) -> HttpResponse:
    """Without JavaScript: the studio with this in its place and everything else as it was."""
    kind = form.data["kind"]
    filled = JobForm.unsent(request.POST, sources=visible_sources(request, team), kind=kind, wrong=form.wrong)
    character, motion = (source if source and source.kind == each else None for each in ("character", "motion"))
    return studio.show_form(request, team, filled, character, motion, status=200 if source else 422)


@login_required
@require_safe
def slot(request: HttpRequest, pk: int) -> HttpResponse:
    """A source in its slot: one of the recent ones, or one whose poster was still to come."""
    source: Source = access.mine_to(request, Act.VIEW, visible_sources(request).select_related("team"), pk)
    return render(request, "studio/_slot.html", {"slot": slots.slot(request, source.kind, source, source.team)})


@login_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Out of the lists; what was made from it stays."""
    source: Source = access.mine_to(request, Act.ORGANISE, visible_sources(request).select_related("team"), pk)
    source.discard(access.person(request))
    said = '“{}” is deleted. Videos made from it stay. <a href="{}">The bin</a> keeps it for 30 days.'
    messages.success(request, format_html(said, source.name, reverse("binned.index")))
    kind = request.POST.get("kind", "")
    return redirect(reverse("uploads.index") + (f"?{urlencode({'kind': kind})}" if kind in Source.Kind.values else ""))


@login_required
@require_POST
def sample(request: HttpRequest) -> HttpResponse:
    """Our own character and motion, in the team's sources from then on."""
    team, person = access.team_in(request, Act.MAKE), access.person(request)
    chosen = []
    for kind, name in SAMPLES.items():
        here = visible_sources(request, team).filter(kind=kind, name=name).exclude(file="").first()
        path = Path(settings.BASE_DIR) / "static" / "samples" / name
        if here is None:
            with path.open("rb") as file:
                upload = UploadedFile(File(file), name=name, size=path.stat().st_size)
                here = take(kind, file=upload).keep(team, person)
        here.touch()
        chosen.append(f"{kind}={here.pk}")
    return redirect(f"{reverse('studio.index')}?{'&'.join(chosen)}")
