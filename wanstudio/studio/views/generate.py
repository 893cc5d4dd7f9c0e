"""The click on Generate: one form, one job, at the price that was shown."""

from dataclasses import replace

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
from wanstudio.money.queries import rooms, tightest
from wanstudio.money.verbs import OverCap
from wanstudio.requests import verbs as request_verbs
from wanstudio.requests.models import SpendRequest
from wanstudio.requests.request_notifications import notify_approvers
from wanstudio.studio import words
from wanstudio.studio.forms import JobForm
from wanstudio.studio.views.studio_page import StudioPage, show_page
from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.uploads.queries import visible_sources


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """The address of the jobs: a POST is the click on Generate, anything else reads their list."""
    return create(request) if request.method == "POST" else job_pages.index(request)


def create(request: HttpRequest) -> HttpResponse:
    """303 to the job; or the form again: 422 with sentences, 409 with a changed price or over a cap, 200 with the first
    price. `ask`: it is over a cap, and an owner or admin shall decide."""
    team = access.team_in(request, Act.MAKE)
    form = JobForm(request.POST, request.FILES, sources=visible_sources(request, team))
    if job := _same_form(form, team):
        return redirect("jobs.show", job.pk)
    is_valid = form.is_valid()
    # Reading links takes its time, and only so many are read at once: another click may have made the job meanwhile.
    if job := _same_form(form, team):
        return redirect("jobs.show", job.pk)
    if not is_valid:
        return show_page(request, team, StudioPage(form), status=422)
    order = form.keep(team, access.person(request))
    page = StudioPage(form, order.character, order.motion)
    if not form.agrees_with(order.quote.price):
        was = form.cleaned_data["quoted"]
        return show_page(request, team, replace(page, was=was), status=200 if was is None else 409)
    try:
        if "ask" not in request.POST:
            return redirect("jobs.show", verbs.accept(order).pk)
        if not _is_over(order):
            return show_page(request, team, replace(page, room_again=True), status=409)
        if decided := _decided_before(order):
            form.renew_nonce()
            return show_page(request, team, replace(page, decided=decided), status=409)
        return _ask(request, order)
    except OverCap as over:
        return show_page(request, team, replace(page, over=over), status=409)
    except (Job.DoesNotExist, SpendRequest.DoesNotExist):
        raise Http404("this form belongs to another team") from None


def _same_form(form: JobForm, team: Team) -> Job | None:
    """The job this very form has made before: a double click, a reload, a second tab."""
    nonce = form.named_nonce
    return Job.objects.filter(nonce=nonce, team=team).first() if nonce else None


def _is_over(order: JobOrder) -> bool:
    room = tightest(rooms(order.team, order.person, order.provider))
    return bool(room and room.over(order.quote.price))


def _decided_before(order: JobOrder) -> SpendRequest | None:
    """What this very form has asked before, if that is declined, withdrawn or expired: it asks nobody again."""
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
