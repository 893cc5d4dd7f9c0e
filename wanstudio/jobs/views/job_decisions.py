"""Decisions about a job and its earlier attempts, and a provider's callbacks: each is a hint for the worker."""

import logging
from http import HTTPStatus

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from wanstudio.jobs import verbs
from wanstudio.jobs.models import Attempt, Job, State
from wanstudio.jobs.queries import visible_jobs
from wanstudio.jobs.words import ALREADY_SENT, Sentence
from wanstudio.money.models import Money
from wanstudio.money.verbs import OverCap
from wanstudio.money.words import over_words
from wanstudio.provider import providers
from wanstudio.teams import access
from wanstudio.teams.roles import Act
from wanstudio.web.lookups import form_view
from wanstudio.web.request_bodies import length
from wanstudio.web.way_back import back
from wanstudio.work.leases import Stale
from wanstudio.work.log_context import about


@form_view
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Only while queued; a job that has been sent cannot be cancelled."""
    job: Job = access.mine_to(request, Act.MAKE, visible_jobs(request), pk)
    try:
        verbs.cancel(job, by=access.person(request))
    except Stale:
        messages.info(request, ALREADY_SENT)
    return back(request, "jobs.show", pk)


@form_view
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    job: Job = access.mine_to(request, Act.ORGANISE, visible_jobs(request), pk)
    if title := " ".join(request.POST.get("title", "").split())[:200]:
        verbs.rename(job, title, by=access.person(request))
    else:
        messages.info(request, "Enter a title. Nothing was changed.")
    return back(request, "jobs.show", pk)


@form_view
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """What a person decides about an unconfirmed job: attach its task, send again, or it was not charged."""
    job, person = decidable(request, pk), access.person(request)
    try:
        match request.POST.get("decision"):
            case "attach" if task_id := task_id_in(request):
                verbs.attach(job, task_id, by=person)
                name = providers.get(job.provider).display_name
                messages.info(request, f"Asking {name} about this task. This page updates automatically.")
            case "again" if request.POST.get("price") == str(job.price):
                # A tab of yesterday agreed to pay for another try than the one that is open now.
                verbs.send_again(job, seen=access.number(request.POST.get("version")) or 0, by=person)
            case "not_charged" if job.state == State.FAILED:
                why = Sentence.NOT_CHARGED_BY.of(job.provider, person=person)
                verbs.settle_unknown(job, Money.RELEASED, why, by=person)
            case "not_charged":
                verbs.mark_not_charged(job, by=person)
            case _:
                messages.info(
                    request, "Nothing was done. Choose one of the three options, with the task id or the price."
                )
    except Stale:
        messages.info(request, "This job has changed in the meantime. Nothing was done.")
    except OverCap as over:
        other = job.person if job.person != person else None
        said = over_words(over, other, with_sums=access.may(request, job.team, Act.SPENDING))
        messages.info(request, f"{said} Nothing was sent. It can be sent again when the cap is raised.")
    return redirect("jobs.show", pk)


@form_view
def try_now(request: HttpRequest, pk: int) -> HttpResponse:
    """Wakes the worker for a result that cannot be saved, or a task that has none after a day."""
    job = decidable(request, pk)
    if job.state in (State.ARCHIVING, State.RUNNING):
        job.nudge()
        messages.info(request, "Trying now. This page updates automatically.")
    else:
        messages.info(request, "This job has changed in the meantime. Nothing was done.")
    return redirect("jobs.show", pk)


@form_view
def decide_earlier(request: HttpRequest, pk: int, attempt: int) -> HttpResponse:
    """`decision=attach` with its task id, or `not_charged`. Nothing here spends anything."""
    job = decidable(request, pk)
    person = access.person(request)
    mine: Attempt = access.one(Attempt.objects.filter(job=job), attempt)
    try:
        match request.POST.get("decision"):
            case "attach" if task_id := task_id_in(request):
                verbs.name_task(mine, task_id, by=person)
                name = providers.get(mine.provider).display_name
                messages.info(request, f"Asking {name} about this task. If the task exists, a separate job follows it.")
            case "not_charged":
                why = Sentence.NOT_CHARGED_BY.of(job.provider, person=person)
                verbs.release_attempt(mine, Money.RELEASED, why, by=person)
            case _:
                messages.info(request, "Nothing was done. Enter the task id, or mark it as not charged.")
    except Stale:
        messages.info(request, "This was settled in the meantime. Nothing was done.")
    return redirect("jobs.show", pk)


def decidable(request: HttpRequest, pk: int) -> Job:
    """The job, for who can decide about it; for everyone else there is nothing to decide."""
    job: Job = access.mine_to(request, Act.DECIDE, visible_jobs(request), pk)
    return job


def task_id_in(request: HttpRequest) -> str:
    """As it was copied from the dashboard: without blanks around it, and nothing that cannot be printed."""
    return "".join(letter for letter in request.POST.get("task_id", "") if letter.isprintable()).strip()


log = logging.getLogger(__name__)

MAX_BYTES = 64 * 1024


@csrf_exempt
@require_POST
def callback(request: HttpRequest, token: str) -> HttpResponse:
    """A callback: notes the task id it names and wakes the worker, which asks the provider itself.

    No outbound call is made here, so that a provider that hangs cannot block this process. Without a token of ours not
    a byte of the body is read.
    """
    attempt = Attempt.by_token(token)
    if attempt is None:
        return HttpResponse(status=HTTPStatus.NOT_FOUND)
    if length(request) > MAX_BYTES:
        return HttpResponse(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    with about(job=attempt.job_id, attempt=attempt.pk):
        log.info("callback")
    task_id = providers.get(attempt.provider).task_named_in(request.body)
    if not _is_waiting(attempt, task_id):
        with transaction.atomic():
            _wake(attempt, task_id)
    return HttpResponse("ok", content_type="text/plain")


def _is_waiting(attempt: Attempt, task_id: str) -> bool:
    """Whether a word like this one waits to be looked at already: copies write nothing.

    A worker that claims it after this read asks the provider later, too, and misses nothing.
    """
    named = attempt.nudged_at is not None and any(hint["task"] == task_id for hint in attempt.hints)
    known = not task_id or task_id == attempt.job.task_id or named
    return attempt.job.nudged_at is not None and known


def _wake(attempt: Attempt, task_id: str) -> None:
    """The row to wake: the job that follows this task, else (or if it has given up) the attempt."""
    followed = Job.objects.filter(provider=attempt.provider, task_id=task_id).first() if task_id else None
    # Jobs before attempts, as the worker writes them: two transactions must not wait for each other.
    for job in sorted({attempt.job, followed or attempt.job}, key=lambda job: job.pk):
        if not job.has_ended:
            job.nudge()
    if task_id and (followed is None or followed.has_given_up or not followed.came_of(attempt)):
        verbs.note_task(attempt, task_id)
        attempt.nudge()
