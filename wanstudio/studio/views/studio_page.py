"""The studio's page, and its live price."""

from dataclasses import dataclass
from decimal import Decimal

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from wanstudio.jobs.attention import attention
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.queries import visible_jobs
from wanstudio.jobs.states import MOVING
from wanstudio.jobs.views.job_cards import poll_context
from wanstudio.money.queries import month_context
from wanstudio.money.verbs import OverCap
from wanstudio.requests.models import SpendRequest
from wanstudio.requests.notices import asked_notices
from wanstudio.studio.forms import JobForm, PriceForm, new_nonce
from wanstudio.studio.price_card import Choice, price_card
from wanstudio.studio.slots import Slot, recents
from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import visible_sources

MAX_DOCKED = 2
# The others are counted: so many of them, the oldest, which end first.
MAX_FOLLOWED = 50


@dataclass(frozen=True)
class StudioPage:
    """The page with this form, and why it is shown again.

    `was`: the price that no longer holds; `restore`: what this tab had typed may return; `over`: the cap that refused
    it; `room_again`: it was to be asked for, and there is room by now; `decided`: what it has asked for before, which
    waits no longer.
    """

    form: JobForm
    character: Source | None = None
    motion: Source | None = None
    was: Decimal | None = None
    restore: bool = False
    over: OverCap | None = None
    room_again: bool = False
    decided: SpendRequest | None = None


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
    initial: dict[str, object] = {}
    chosen = {kind: _named(request, team, kind) for kind in Source.Kind.values}
    job_id = access.number(request.GET.get("from"))
    earlier = visible_jobs(request).filter(pk=job_id).first() if job_id else None
    if earlier:
        initial |= {"behaviour": earlier.behaviour, "resolution": earlier.resolution, "prompt": earlier.prompt}
        initial |= {"seed_mode": "fixed", "seed": earlier.seed} if "same" in request.GET else {}
        chosen = {kind: chosen[kind] or _if_kept(getattr(earlier, kind)) for kind in chosen}
    form = JobForm(initial=initial, sources=visible_sources(request, team))
    return show_page(request, team, StudioPage(form, chosen["character"], chosen["motion"], restore=earlier is None))


def show_page(request: HttpRequest, team: Team, page: StudioPage, *, status: int = 200) -> HttpResponse:
    form = page.form
    chosen = {"character": page.character or form.kept("character"), "motion": page.motion or form.kept("motion")}
    resolution, behaviour = form["resolution"].value(), form["behaviour"].value()
    card = price_card(Choice(resolution, behaviour, chosen["character"], chosen["motion"]))
    month = month_context(team, access.person(request), card.quote, note=form.data.get("note", ""))
    context = {
        "form": form,
        "slots": _slots(request, team, form, chosen),
        "was": page.was,
        "first_price": form.is_bound and card.complete and not form.errors and page.was is None,
        "restore": page.restore,
        "refused": page.over,
        "room_again": page.room_again,
        "notices": [*attention(request, team), *asked_notices(request, team, just_asked=page.decided)],
    }
    return render(request, "studio/index.html", context | vars(card) | month | _docked(request, team), status=status)


def _slots(request: HttpRequest, team: Team, form: JobForm, chosen: dict[str, Source | None]) -> dict[str, Slot]:
    beside = {"character": chosen["motion"], "motion": chosen["character"]}
    return {
        kind: Slot(
            kind,
            recents(request, team, kind),
            source,
            wrong=form.wrong_with(kind),
            again=form.unkept(kind),
            url="" if source else form[f"{kind}_url"].value() or "",
            file=form.unnamed_file(kind),
            other=other.pk if (other := beside[kind]) else None,
        )
        for kind, source in chosen.items()
    }


def _docked(request: HttpRequest, team: Team) -> dict[str, object]:
    moving = list(visible_jobs(request).filter(team=team, state__in=MOVING).order_by("pk"))
    return {"more": len(moving[MAX_DOCKED:])} | poll_context("dock", moving[:MAX_FOLLOWED], show=MAX_DOCKED)


@login_required
@require_safe
def price(request: HttpRequest) -> HttpResponse:
    """The price card for what is chosen right now, with what hangs on it elsewhere on the page."""
    form = PriceForm(request.GET)
    form.is_valid()
    data, sources = form.cleaned_data, visible_sources(request)
    card = price_card(
        Choice(
            resolution=data.get("resolution"),
            behaviour=data.get("behaviour"),
            character=sources.filter(kind="character", pk=data.get("character") or 0).first(),
            motion=sources.filter(kind="motion", pk=data.get("motion") or 0).first(),
            seconds=data.get("seconds"),
            arriving=request.GET.getlist("arriving"),
        )
    )
    team = access.teams(request).filter(pk=access.number(request.GET.get("team")) or 0).first()
    team = team or access.current_team(request)
    month = month_context(team, access.person(request), card.quote, note=request.GET.get("note", ""))
    # A page that came back from the browser's cache holds a nonce that has made its job, or its request: the next
    # click is a new one.
    nonce = data.get("nonce")
    spent = nonce and any(made.objects.filter(nonce=nonce).exists() for made in (Job, SpendRequest))
    return render(request, "studio/_priced.html", vars(card) | month | {"nonce": new_nonce() if spent else None})


def _named(request: HttpRequest, team: Team, kind: str) -> Source | None:
    pk = access.number(request.GET.get(kind))
    return visible_sources(request, team).filter(kind=kind, pk=pk).first() if pk else None


def _if_kept(source: Source) -> Source | None:
    return None if source.deleted_at else source
