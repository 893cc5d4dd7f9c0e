"""The studio: the one page where work happens, and its live price."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from wanstudio.jobs.attention import attention
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.queries import visible_jobs
from wanstudio.jobs.states import MOVING
from wanstudio.jobs.views.job_cards import poll_context
from wanstudio.money.month_card import month_context
from wanstudio.money.verbs import OverCap
from wanstudio.requests.approval import asked_notices
from wanstudio.requests.models import SpendRequest
from wanstudio.studio.forms import JobForm, PriceForm
from wanstudio.studio.price_card import price_context
from wanstudio.studio.slots import Slot, slot
from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.uploads.forms import SourceForm, take
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import visible_sources
from wanstudio.uploads.verbs import touch

SAMPLES = {"character": "mira.png", "motion": "walk.mp4"}
MOST_DOCKED = 2
# The rest is counted: so many of it, the oldest, which end first.
MOST_FOLLOWED = 50


@login_required
@require_safe
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """The form: empty, with sources named in the address, or filled in from an earlier job (`from`).

    Never from the browser's cache: on the way back it would bring a nonce that has made its job.
    """
    team = access.current_team(request)
    if not access.may(request, team, Act.MAKE):
        return render(request, "studio/watching.html")
    initial: dict[str, Any] = {}
    chosen = {kind: _named(request, team, kind) for kind in Source.Kind.values}
    if (earlier := _earlier(request)) is not None:
        initial |= {"behaviour": earlier.behaviour, "resolution": earlier.resolution, "prompt": earlier.prompt}
        initial |= {"seed_mode": "fixed", "seed": earlier.seed} if "same" in request.GET else {}
        chosen = {kind: chosen[kind] or _if_kept(getattr(earlier, kind)) for kind in chosen}
    form = JobForm(initial=initial, sources=visible_sources(request, team))
    return show_form(request, team, form, chosen["character"], chosen["motion"], restore=earlier is None)


def show_form(
    request: HttpRequest,
    team: Team,
    form: JobForm,
    character: Source | None = None,
    motion: Source | None = None,
    *,
    was: Decimal | None = None,
    restore: bool = False,
    over: OverCap | None = None,
    room_again: bool = False,
    decided: SpendRequest | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page with this form. `was`: the price that no longer holds; `restore`: what this tab had typed may return;
    `over`: the cap that refused it; `room_again`: it was to be asked for, and there is room by now; `decided`: what
    it has asked for before, which waits no longer."""
    character, motion = character or form.kept("character"), motion or form.kept("motion")
    resolution, behaviour = form["resolution"].value(), form["behaviour"].value()
    seconds = motion.duration if motion else None
    priced = price_context(seconds, resolution, behaviour, character=character, motion=motion, was=was)
    priced |= month_context(team, access.person(request), priced["quote"], note=form.data.get("note", ""))
    context = {
        "form": form,
        "slots": _slots(request, team, form, character, motion),
        "first_price": bool(form.is_bound and priced["complete"] and not form.errors and was is None),
        "restore": restore,
        "refused": over,
        "room_again": room_again,
        "notices": [*attention(request, team), *asked_notices(request, team, just_told=decided)],
    }
    return render(request, "studio/index.html", context | priced | _docked(request, team), status=status)


def _docked(request: HttpRequest, team: Team) -> dict[str, Any]:
    moving = list(visible_jobs(request).filter(team=team, state__in=MOVING).order_by("pk"))
    followed = poll_context("dock", moving[:MOST_FOLLOWED], show=MOST_DOCKED)
    return {"more": len(moving[MOST_DOCKED:])} | followed


def _slots(
    request: HttpRequest, team: Team, form: JobForm, character: Source | None, motion: Source | None
) -> dict[str, Slot]:
    chosen = {"character": character, "motion": motion}
    beside = {"character": motion, "motion": character}
    return {
        kind: slot(
            request,
            kind,
            source,
            team,
            wrong=form.wrong_with(kind),
            again=form.unkept(kind),
            url="" if source else form[f"{kind}_url"].value() or "",
            file=getattr(request.FILES.get(f"{kind}_file"), "name", ""),
            other=other.pk if (other := beside[kind]) else None,
        )
        for kind, source in chosen.items()
    }


@login_required
@require_safe
def price(request: HttpRequest) -> HttpResponse:
    """The price card for what is chosen right now, with what hangs on it elsewhere on the page."""
    form = PriceForm(request.GET)
    form.is_valid()
    data = form.cleaned_data
    sources = visible_sources(request)
    character = sources.filter(kind="character", pk=data.get("character") or 0).first()
    motion = sources.filter(kind="motion", pk=data.get("motion") or 0).first()
    context = price_context(
        motion.duration if motion else data.get("seconds"),
        data.get("resolution"),
        data.get("behaviour"),
        character=character,
        motion=motion,
        arriving=request.GET.getlist("arriving"),
    )
    team = access.teams(request).filter(pk=access.number(request.GET.get("team")) or 0).first()
    team = team or access.current_team(request)
    context |= month_context(team, access.person(request), context["quote"], note=request.GET.get("note", ""))
    # A page that came back from the browser's cache holds a nonce that has made its job, or its request: the next
    # click is a new one.
    nonce = data.get("nonce")
    spent = nonce and any(made.objects.filter(nonce=nonce).exists() for made in (Job, SpendRequest))
    return render(request, "studio/_priced.html", context | {"nonce": JobForm.draw_nonce() if spent else None})


def _named(request: HttpRequest, team: Team, kind: str) -> Source | None:
    named = request.GET.get(kind, "")
    if not (named.isdecimal() and len(named) < 19):
        return None
    return visible_sources(request, team).filter(kind=kind, pk=int(named)).first()


def _earlier(request: HttpRequest) -> Job | None:
    named = request.GET.get("from", "")
    return visible_jobs(request).filter(pk=int(named)).first() if named.isdecimal() and len(named) < 19 else None


def _if_kept(source: Source) -> Source | None:
    return None if source.deleted_at else source


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def add_source(request: HttpRequest) -> HttpResponse:
    """A file or a link: its slot of the studio, 422 with the sentence if it cannot be used.

    Without JavaScript the answer is the studio itself: a visit to the address it then has leads there.
    """
    if request.method != "POST":
        return redirect("studio.index")
    team = access.team_in(request, Act.MAKE)
    form = SourceForm(request.POST, request.FILES)
    source = form.draft.keep(team, access.person(request)) if form.is_valid() else None
    if not request.htmx:  # type: ignore[attr-defined]
        return _with_source(request, team, form, source)
    kind = "motion" if form.data["kind"] == "motion" else "character"
    url = "" if source else form.data["url"]
    shown = slot(request, kind, source, team, wrong=form.wrong, url=url, file=form.file_name)
    return render(request, "studio/_slot.html", {"slot": shown}, status=201 if source else 422)


def _with_source(request: HttpRequest, team: Team, form: SourceForm, source: Source | None) -> HttpResponse:
    """Without JavaScript: the studio with this in its place and everything else as it was."""
    kind = form.data["kind"]
    filled = JobForm.unsent(request.POST, sources=visible_sources(request, team), kind=kind, wrong=form.wrong)
    character, motion = (source if source and source.kind == each else None for each in ("character", "motion"))
    return show_form(request, team, filled, character, motion, status=200 if source else 422)


@login_required
@require_safe
def source_slot(request: HttpRequest, pk: int) -> HttpResponse:
    """A source in its slot: one of the recent ones, or one whose poster was still to come."""
    source: Source = access.mine_to(request, Act.VIEW, visible_sources(request).select_related("team"), pk)
    return render(request, "studio/_slot.html", {"slot": slot(request, source.kind, source, source.team)})


@login_required
@require_POST
def use_samples(request: HttpRequest) -> HttpResponse:
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
        touch(here)
        chosen.append(f"{kind}={here.pk}")
    return redirect(f"{reverse('studio.index')}?{'&'.join(chosen)}")
