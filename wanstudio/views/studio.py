"""The studio: the one page where work happens, and its live price."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from wanstudio.addresses import is_reachable
from wanstudio.forms.job import JobForm, PriceForm
from wanstudio.models import Job, Source, Team
from wanstudio.quoting import RESOLUTIONS, quote_today
from wanstudio.views import access
from wanstudio.views.cards import poll_context

RECENT = 8


@login_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The form: empty, with sources named in the address, or filled in from an earlier job (`from`)."""
    team = access.current_team(request)
    initial: dict[str, Any] = {"behaviour": "animate", "resolution": "480p", "seed_mode": "random"}
    chosen = {kind: _named(request, team, kind) for kind in Source.Kind.values}
    if (earlier := _earlier(request)) is not None:
        initial |= {"behaviour": earlier.behaviour, "resolution": earlier.resolution, "prompt": earlier.prompt}
        initial |= {"seed_mode": "fixed", "seed": earlier.seed} if "same" in request.GET else {}
        chosen = {kind: chosen[kind] or getattr(earlier, kind) for kind in chosen}
    form = JobForm(initial=initial, sources=access.sources(request, team))
    return show_form(request, team, form, chosen["character"], chosen["motion"])


def show_form(
    request: HttpRequest,
    team: Team,
    form: JobForm,
    character: Source | None = None,
    motion: Source | None = None,
    *,
    was: Decimal | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page with this form. `was`: the price that no longer holds."""
    if form.is_bound:
        named = getattr(form, "cleaned_data", {})
        character, motion = character or named.get("character"), motion or named.get("motion")
    sources = access.sources(request, team).order_by("-used_at")
    running = list(access.jobs(request).filter(state__in=("queued", "submitting", "running", "archiving"))[:5])
    resolution, behaviour = form["resolution"].value(), form["behaviour"].value()
    context = {
        "form": form,
        "character": character,
        "motion": motion,
        "recents": {kind: list(sources.filter(kind=kind)[:RECENT]) for kind in Source.Kind.values},
        **poll_context("dock", running),
        **price_context(
            motion.duration if motion else None, resolution, behaviour, character=character, motion=motion, was=was
        ),
    }
    return render(request, "studio/index.html", context, status=status)


@login_required
@require_safe
def price(request: HttpRequest) -> HttpResponse:
    """The price card for what is chosen right now. Pure: it reads rows, fetches nothing, writes nothing."""
    form = PriceForm(request.GET)
    form.is_valid()
    data = form.cleaned_data
    sources = access.sources(request)
    character = sources.filter(kind="character", pk=data.get("character") or 0).first()
    motion = sources.filter(kind="motion", pk=data.get("motion") or 0).first()
    seconds = motion.duration if motion else data.get("seconds")
    context = price_context(
        seconds,
        data.get("resolution") or "480p",
        data.get("behaviour") or "animate",
        character=character,
        motion=motion,
    )
    return render(request, "studio/_price.html", context)


def price_context(
    seconds: float | None,
    resolution: str | None,
    behaviour: str | None,
    *,
    character: Source | None,
    motion: Source | None,
    was: Decimal | None = None,
) -> dict[str, Any]:
    """`quotes` by resolution and the chosen `quote` (None: nothing to price yet); `complete` when it may be clicked."""
    resolution = resolution if resolution in RESOLUTIONS else RESOLUTIONS[0]
    quotes = {name: quote_today(seconds, name) for name in RESOLUTIONS} if seconds else {}
    uploads = [source for source in (character, motion) if source and not source.url]
    unreachable = bool(uploads) and not is_reachable(settings.PROVIDER)
    return {
        "quotes": quotes,
        "quote": quotes.get(resolution),
        "least": {name: quote_today(1, name) for name in RESOLUTIONS},
        "resolution": resolution,
        "behaviour": behaviour,
        "character": character,
        "motion": motion,
        "was": was,
        "unreachable": unreachable,
        "complete": bool(character and motion and not unreachable),
    }


def _named(request: HttpRequest, team: Team, kind: str) -> Source | None:
    named = request.GET.get(kind, "")
    if not (named.isdecimal() and len(named) < 19):
        return None
    return access.sources(request, team).filter(kind=kind, pk=int(named)).first()


def _earlier(request: HttpRequest) -> Job | None:
    named = request.GET.get("from", "")
    return access.jobs(request).filter(pk=int(named)).first() if named.isdecimal() and len(named) < 19 else None
