"""The click on Generate: one form, one job, at the price that was shown."""

from decimal import Decimal

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from wanstudio.jobs import verbs
from wanstudio.jobs.job_order import JobOrder
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.views import job_pages
from wanstudio.keys import in_force
from wanstudio.money.pricing import Quote
from wanstudio.money.queries import rooms, tightest
from wanstudio.money.quoting import quote_today
from wanstudio.money.verbs import OverCap
from wanstudio.requests import verbs as request_verbs
from wanstudio.requests.approval import tell_approvers
from wanstudio.requests.models import SpendRequest
from wanstudio.studio.forms import JobForm
from wanstudio.studio.price_card import unreachable
from wanstudio.studio.views import show_form
from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import visible_sources
from wanstudio.web.fetchers import is_reachable


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """The address of the jobs: a POST is the click on Generate, anything else reads their list."""
    return create(request) if request.method == "POST" else job_pages.index(request)


def create(request: HttpRequest) -> HttpResponse:
    """303 to the job; or the form again: 422 with sentences, 409 with a changed price or over a cap, 200 with the first
    price. `ask`: it is over a cap, and somebody else shall decide."""
    team = access.team_in(request, Act.MAKE)
    form = JobForm(request.POST, request.FILES, sources=visible_sources(request, team))
    if job := _same_form(form, team):
        return redirect("jobs.show", job.pk)
    if form.is_valid():
        refuse_unreachable(form)
    # Reading links takes its time, and only so many are read at once: another click may have made the job meanwhile.
    if job := _same_form(form, team):
        return redirect("jobs.show", job.pk)
    if form.errors:
        return show_form(request, team, form, status=422)
    character, motion = form.keep_inputs(team, access.person(request))
    quote = quote_today(motion.duration or 0, form.cleaned_data["resolution"])
    if not form.agrees_with(quote.price):
        told: Decimal | None = form.cleaned_data["quoted"]
        return show_form(request, team, form, character, motion, was=told, status=409 if told is not None else 200)
    try:
        if "ask" not in request.POST:
            return redirect("jobs.show", accept(request, team, form, character, motion, quote).pk)
        if _is_over(request, team, quote):
            order = _order(request, team, form, character, motion, quote)
            if decided := _decided_before(order):
                form.renew_nonce()
                return show_form(request, team, form, character, motion, decided=decided, status=409)
            return _ask(request, order)
        return show_form(request, team, form, character, motion, room_again=True, status=409)
    except OverCap as over:
        return show_form(request, team, form, character, motion, over=over, status=409)
    except SpendRequest.DoesNotExist:
        raise Http404("this form belongs to another team") from None


def accept(request: HttpRequest, team: Team, form: JobForm, character: Source, motion: Source, quote: Quote) -> Job:
    """The job of a valid form at an agreed price: for the page and for the API. `OverCap`, and nothing was sent."""
    try:
        return verbs.accept(_order(request, team, form, character, motion, quote))
    except Job.DoesNotExist:
        raise Http404("this form belongs to another team") from None


def _order(
    request: HttpRequest, team: Team, form: JobForm, character: Source, motion: Source, quote: Quote
) -> JobOrder:
    data = form.cleaned_data
    return JobOrder(
        nonce=data["nonce"],
        team=team,
        person=access.person(request),
        provider=in_force.provider_in_use(),
        character=character,
        motion=motion,
        behaviour=data["behaviour"],
        quote=quote,
        prompt=data["prompt"],
        seed=data["seed"],
        seed_generated=form.seed_generated,
    )


def _is_over(request: HttpRequest, team: Team, quote: Quote) -> bool:
    room = tightest(rooms(team, access.person(request), in_force.provider_in_use()))
    return bool(room and room.over(quote.price))


def _decided_before(order: JobOrder) -> SpendRequest | None:
    """What this very form has asked before, if that is declined, withdrawn or expired: it would ask nobody again."""
    asked = SpendRequest.objects.select_related("decided_by").filter(nonce=order.nonce, team=order.team).first()
    return asked if asked and not asked.is_open else None


def _ask(request: HttpRequest, order: JobOrder) -> HttpResponse:
    """Nothing is reserved by asking. The same form asks once, and its mails go out once."""
    with transaction.atomic():
        known = SpendRequest.objects.filter(nonce=order.nonce).exists()
        asked = request_verbs.ask(order, note=request.POST.get("note", ""))
        if not known:
            tell_approvers(asked)
    messages.info(request, f"Asked to spend ${asked.price}. Nothing is sent or reserved until somebody allows it.")
    return redirect("requests.show", asked.pk)


def _same_form(form: JobForm, team: Team) -> Job | None:
    """The job this very form has made before: a double click, a reload, a second tab."""
    nonce = form.named_nonce
    return Job.objects.filter(nonce=nonce, team=team).first() if nonce else None


def refuse_unreachable(form: JobForm) -> None:
    """Adds the reason to the form if the provider could not fetch what it says."""
    if is_reachable(in_force.provider_in_use()):
        return
    for kind, draft in form.drafts.items():
        if not (draft.url or (draft.source and draft.source.url)):
            form.add_error(kind, " ".join(unreachable(in_force.provider_in_use())))
