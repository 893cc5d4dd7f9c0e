"""The studio's page, its live price, and the click on Generate: one form, one job, at the price that was shown."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import uuid4

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from wanstudio.jobs import verbs
from wanstudio.jobs.attention import attention
from wanstudio.jobs.followed import followed
from wanstudio.jobs.models import Job, State
from wanstudio.jobs.queries import visible_jobs
from wanstudio.jobs.verbs.decisions import JobOrder
from wanstudio.jobs.views import job_pages
from wanstudio.jobs.views.job_pages import page_context
from wanstudio.money.queries import month_context, tightest
from wanstudio.money.verbs import OverCap
from wanstudio.requests import verbs as request_verbs
from wanstudio.requests.models import SpendRequest
from wanstudio.requests.verbs import notify_approvers
from wanstudio.requests.words import asked_notices
from wanstudio.studio import words
from wanstudio.studio.forms import TRIM, TRY_OF, JobForm, PriceForm
from wanstudio.studio.queries import Choice, price_card
from wanstudio.studio.slots import Slot, chosen_crop, recents
from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import visible_sources
from wanstudio.uploads.trims import OUTSIDE, Trim, trim_of
from wanstudio.web.lookups import page_and_form_view, page_view
from wanstudio.web.typed_words import fields_of, forget

MAX_DOCKED = 2
# The others are counted: so many of them, the oldest, which end first.
MAX_FOLLOWED = 50


@dataclass(frozen=True)
class StudioPage:
    """The page with this form, and why it is shown again.

    `was`: the price that no longer holds; `restore`: this tab's earlier input can be restored; `refused`: by this cap;
    `room_again`: it was to be asked for, and there is room by now; `decided`: its earlier request, which is decided.
    """

    form: JobForm
    character: Source | None = None
    motion: Source | None = None
    was: Decimal | None = None
    restore: bool = False
    refused: OverCap | None = None
    room_again: bool = False
    decided: SpendRequest | None = None


@page_view
def index(request: HttpRequest) -> HttpResponse:
    """The form: empty, with sources named in the address, or filled in from an earlier job (`from`).

    Never from the browser's cache: on the way back it would bring a nonce that has made its job.
    """
    team = access.current_team(request)
    if not access.may(request, team, Act.MAKE):
        return render(request, "studio/watching.html")
    initial: dict[str, object] = {name: request.GET[name] for name in TRIM if name in request.GET}
    sources, orders = visible_sources(request, team), reverse("jobs.index")
    before = JobForm(initial={"nonce": fields_of(request, orders).get("nonce")}, sources=sources)
    if job := _same_form(before, team):
        # This form was sent already: restored, it would be another order, and paid again.
        response = redirect("jobs.show", job.pk)
        forget(request, response, orders)
        return response
    typed = fields_of(request, orders, reverse("uploads.add"))
    named = {**typed, **request.GET.dict()}
    chosen, initial["crop"] = _named(named, sources), named.get("crop", "")
    job_id = access.number(request.GET.get("from"))
    earlier = visible_jobs(request).filter(pk=job_id).first() if job_id else None
    if earlier:
        initial |= {name: getattr(earlier, name) for name in (*TRIM, *TRY_OF, "behaviour", "resolution", "prompt")}
        if "whole" in request.GET and earlier.whole:
            initial |= {"resolution": earlier.whole_resolution, "whole_resolution": None}
            initial |= {"trim_start": earlier.whole_start, "trim_end": earlier.whole_end}
        initial |= {"seed_mode": "fixed", "seed": earlier.seed} if "same" in request.GET else {}
        for kind in Source.Kind.values:
            source = getattr(earlier, kind)
            chosen[kind] = chosen[kind] or (None if source.deleted_at else source)
        if chosen["character"] == earlier.character and not initial["crop"]:
            initial["crop"] = str(earlier.crop or "")
    form = JobForm(initial=initial, sources=sources)
    return show_page(request, team, StudioPage(form, chosen["character"], chosen["motion"], restore=earlier is None))


def show_page(request: HttpRequest, team: Team, page: StudioPage, *, status: int = 200) -> HttpResponse:
    form = page.form
    chosen = {kind: getattr(page, kind) or form.named.get(kind) for kind in Source.Kind.values}
    resolution, behaviour = form["resolution"].value(), form["behaviour"].value()
    slots = _slots(request, team, form, chosen)
    part = _part(dict(zip(TRIM, slots["motion"].part, strict=True)), chosen["motion"], None)
    inputs = (chosen["character"], chosen["motion"])
    card = price_card(Choice(resolution, behaviour, *inputs, trim=part, crop=slots["character"].crop))
    month = month_context(team, access.person(request), card.quote, note=form.data.get("note", ""))
    context: dict[str, object] = {
        "slots": slots,
        # Asked only where the sample is offered, by an index that begins with the team.
        "has_videos": Job.objects.filter(team=team, state=State.DONE).exists,
        # Its earlier request is decided, so this page gets a new nonce.
        "nonce": (form.named_nonce if page.decided is None else None) or uuid4(),
        "first_price": form.is_bound and card.complete and not form.errors and page.was is None,
        "notices": [*attention(request, team), *asked_notices(request, team, just_asked=page.decided)],
    }
    # Their ids alone from the index, which the badge counts too; sorted by the database it would read all jobs.
    ids = sorted(Job.objects.unfinished().filter(team=team).order_by().values_list("pk", flat=True))
    docked = team.jobs.filter(pk__in=ids[:MAX_DOCKED]).select_related("person", "character", "motion").order_by("pk")
    context |= {"unfinished": len(ids), "more": len(ids[MAX_DOCKED:])}
    context |= page_context("dock", list(docked), followed(ids[MAX_DOCKED:MAX_FOLLOWED]))
    return render(request, "studio/index.html", vars(page) | context | vars(card) | month, status=status)


def _slots(request: HttpRequest, team: Team, form: JobForm, chosen: dict[str, Source | None]) -> dict[str, Slot]:
    beside = {"character": chosen["motion"], "motion": chosen["character"]}
    said = form.data if form.is_bound else form.initial
    trim = tuple(form[name].value() for name in TRIM) if any(name in said for name in TRIM) else None
    crop, no_frame = chosen_crop(form["crop"].value(), chosen["character"], chosen["motion"])
    return {
        kind: Slot(
            kind,
            recents(request, team, kind),
            source,
            wrong=form.wrong_with(kind) or (no_frame if kind == Source.Kind.CHARACTER else ""),
            again=form.unkept(kind),
            url="" if source else form[f"{kind}_url"].value() or "",
            file=form.unnamed_file(kind),
            other=other.pk if (other := beside[kind]) else None,
            trim=trim,
            crop=crop if kind == Source.Kind.CHARACTER else None,
            whole=tuple(form[name].value() for name in TRY_OF),
        )
        for kind, source in chosen.items()
    }


@page_view
def price(request: HttpRequest) -> HttpResponse:
    """The price card for what is chosen right now, with what hangs on it elsewhere on the page."""
    form = PriceForm(request.GET)
    form.is_valid()
    chosen, seconds = _named(request.GET, visible_sources(request)), form.cleaned_data.get("seconds")
    get, arriving = request.GET.get, request.GET.getlist("arriving")
    part, inputs = _part(request.GET, chosen["motion"], seconds), (chosen["character"], chosen["motion"])
    crop, _ = chosen_crop(get("crop"), *inputs)
    card = price_card(Choice(get("resolution"), get("behaviour"), *inputs, seconds, arriving, trim=part, crop=crop))
    team = access.teams(request).filter(pk=access.number(request.GET.get("team")) or 0).first()
    team = team or access.current_team(request)
    month = month_context(team, access.person(request), card.quote, note=request.GET.get("note", ""))
    # A page from the browser's cache holds a nonce that has made its job or request: the next click needs a new one.
    nonce = form.cleaned_data.get("nonce")
    spent = nonce and any(made.objects.filter(nonce=nonce).exists() for made in (Job, SpendRequest))
    return render(request, "studio/_priced.html", vars(card) | month | {"nonce": uuid4() if spent else None})


def _part(fields: Mapping[str, object], motion: Source | None, seconds: float | None) -> Trim | None:
    """The part of the motion that these numbers say, OUTSIDE if they say none."""
    form = PriceForm({name: fields.get(name) for name in TRIM})
    duration = motion.duration if motion else seconds
    if not duration or (motion and motion.url):
        return None
    with suppress(ValueError):
        if form.is_valid():
            return trim_of(form.cleaned_data["trim_start"], form.cleaned_data["trim_end"], duration)
    return OUTSIDE


def _named(fields: Mapping[str, str], sources: QuerySet[Source]) -> dict[str, Source | None]:
    ids = {kind: access.number(fields.get(kind)) for kind in Source.Kind.values}
    return {kind: sources.filter(kind=kind, pk=pk).first() if pk else None for kind, pk in ids.items()}


@page_and_form_view
def generate(request: HttpRequest) -> HttpResponse:
    """The address of the jobs: a POST is the click on Generate, anything else reads their list.

    303 to the job; or the form again: 422 with sentences, 409 with a changed price or over a cap, 200 with the first
    price. `ask`: it is over a cap, and the person asks an owner or admin to approve it.
    """
    if request.method != "POST":
        return job_pages.index(request)
    team = access.team_in(request, Act.MAKE)
    form = JobForm(request.POST, request.FILES, sources=visible_sources(request, team), team=team)
    if job := _same_form(form, team):
        return redirect("jobs.show", job.pk)
    is_valid = form.is_valid()
    # Reading links takes its time, and only so many are read at once: another click might have made the job meanwhile.
    if job := _same_form(form, team):
        return redirect("jobs.show", job.pk)
    if not is_valid:
        return show_page(request, team, StudioPage(form), status=422)
    order = form.keep(team, access.person(request))
    page = StudioPage(form, order.character, order.motion)
    if (was := form.cleaned_data["quoted"]) != order.quote.price:
        return show_page(request, team, replace(page, was=was), status=200 if was is None else 409)
    try:
        if "ask" not in request.POST:
            return redirect("jobs.show", verbs.accept(order).pk)
        room = tightest(team, order.person, order.provider)
        if not (room and room.over(order.quote.price)):
            return show_page(request, team, replace(page, room_again=True), status=409)
        if decided := _decided_before(order):
            return show_page(request, team, replace(page, decided=decided), status=409)
        return _ask(request, order)
    except OverCap as over:
        return show_page(request, team, replace(page, refused=over), status=409)
    except (Job.DoesNotExist, SpendRequest.DoesNotExist):
        raise Http404("this form belongs to another team") from None


def _same_form(form: JobForm, team: Team) -> Job | None:
    """The job this very form has made before: a double click, a reload, a second tab."""
    nonce = form.named_nonce
    return Job.objects.filter(nonce=nonce, team=team).first() if nonce else None


def _decided_before(order: JobOrder) -> SpendRequest | None:
    """The earlier request of this very form, if it is declined, withdrawn or expired: it is not sent again."""
    asked = SpendRequest.objects.select_related("decided_by").filter(nonce=order.nonce, team=order.team).first()
    return asked if asked and not asked.is_open else None


def _ask(request: HttpRequest, order: JobOrder) -> HttpResponse:
    """Nothing is reserved by asking. The same form asks once, and its mails go out once."""
    with transaction.atomic():
        known = SpendRequest.objects.filter(nonce=order.nonce).exists()
        asked = request_verbs.ask(order, note=request.POST.get("note", ""))
        if not known:
            notify_approvers(asked)
    messages.info(request, words.ASKED.format(price=asked.price))
    return redirect("requests.show", asked.pk)
