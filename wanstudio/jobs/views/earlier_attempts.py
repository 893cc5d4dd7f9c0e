"""Earlier attempts of a job: what they may have cost, and what a person decides about them."""

from typing import NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.humanize.templatetags.humanize import ordinal
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from wanstudio.jobs import verbs
from wanstudio.jobs.models.attempt import NOTEWORTHY, Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.views.decision_input import decidable, task_id_in
from wanstudio.jobs.words import Sentence
from wanstudio.money.models import BalanceReading, Money
from wanstudio.money.queries import readings_around
from wanstudio.provider import providers
from wanstudio.teams import access
from wanstudio.work.leases import Stale


class EarlierAttempt(NamedTuple):
    """An attempt, the job that follows its task (or None), and the balances around its sending (or None)."""

    attempt: Attempt
    ordinal: str
    recovered: Job | None
    around: tuple[BalanceReading, BalanceReading] | None


def earlier_attempts(job: Job) -> list[EarlierAttempt]:
    attempts = Attempt.objects.filter(NOTEWORTHY, job=job).prefetch_related("recovered").order_by("pk").distinct()
    return [
        EarlierAttempt(
            attempt,
            str(ordinal(attempt.number)),
            next(iter(attempt.recovered.all()), None),
            readings_around(attempt.pk) if attempt.is_unsettled else None,
        )
        for attempt in attempts
    ]


@login_required
@require_POST
def decide(request: HttpRequest, pk: int, attempt: int) -> HttpResponse:
    """`decision=attach` with its task id, or `not_charged`. Nothing here spends anything."""
    job = decidable(request, pk)
    person = access.person(request)
    mine: Attempt = access.one(Attempt.objects.filter(job=job), attempt)
    try:
        match request.POST.get("decision"):
            case "attach" if task_id := task_id_in(request):
                verbs.name_task(mine, task_id, by=person)
                name = providers.get(mine.provider).display_name
                messages.info(request, f"Asking {name} about this task. If it is there, it gets a job of its own.")
            case "not_charged":
                why = Sentence.NOT_CHARGED_BY.of(job.provider, person=person)
                verbs.release_attempt(mine, Money.RELEASED, why, by=person)
            case _:
                messages.info(request, "Nothing was done. Name the task, or say that it was not charged.")
    except Stale:
        messages.info(request, "This was settled in the meantime. Nothing was done.")
    return redirect("jobs.show", pk)
