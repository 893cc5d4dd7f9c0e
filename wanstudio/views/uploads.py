"""Sources: what the team has added."""

from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from wanstudio.forms.inputs import take
from wanstudio.forms.job import SourceForm
from wanstudio.models import Source
from wanstudio.views import access

PAGE = 60
SAMPLES = {"character": "mira.png", "motion": "walk.mp4"}


@login_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    before = request.GET.get("before", "")
    rows = access.sources(request).order_by("-pk")
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    page = list(rows[: PAGE + 1])
    following = page[PAGE - 1].pk if len(page) > PAGE else None
    return render(request, "uploads/index.html", {"sources": page[:PAGE], "next": following})


@login_required
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """A file or a link: its slot of the studio, 422 with the sentence if it cannot be used."""
    team = access.team_in(request)
    form = SourceForm(request.POST, request.FILES)
    kind = "motion" if request.POST.get("kind") == "motion" else "character"
    if not form.is_valid():
        wrong = [str(sentence) for errors in form.errors.values() for sentence in errors]
        return render(request, "studio/_slot.html", {"kind": kind, "wrong": wrong[0]}, status=422)
    source = form.draft.keep(team, access.person(request))
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(f"{reverse('studio.index')}?{source.kind}={source.pk}")
    return render(request, "studio/_slot.html", {"kind": kind, "source": source}, status=201)


@login_required
@require_safe
def slot(request: HttpRequest, pk: int) -> HttpResponse:
    """A source in its slot: one of the recent ones, or one whose poster was still to come."""
    source: Source = access.one(access.sources(request), pk)
    return render(request, "studio/_slot.html", {"kind": source.kind, "source": source})


@login_required
@require_POST
def sample(request: HttpRequest) -> HttpResponse:
    """Our own character and motion, in the team's sources from then on."""
    team, person = access.team_in(request), access.person(request)
    chosen = []
    for kind, name in SAMPLES.items():
        here = access.sources(request, team).filter(kind=kind, name=name).exclude(file="").first()
        path = Path(settings.BASE_DIR) / "static" / "samples" / name
        if here is None:
            with path.open("rb") as file:
                upload = UploadedFile(File(file), name=name, size=path.stat().st_size)
                here = take(kind, file=upload).keep(team, person)
        here.touch()
        chosen.append(f"{kind}={here.pk}")
    return redirect(f"{reverse('studio.index')}?{'&'.join(chosen)}")
