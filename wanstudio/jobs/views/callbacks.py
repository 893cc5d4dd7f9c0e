"""Callbacks of a provider: each is a hint for the worker, never a fact."""

import logging
from http import HTTPStatus

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from wanstudio.jobs import verbs
from wanstudio.jobs.models import Attempt, Job
from wanstudio.provider import providers
from wanstudio.web.request_bodies import TooLarge, TooSlow, read_body
from wanstudio.work.log_context import about

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
    try:
        body = read_body(request, MAX_BYTES)
    except TooLarge:
        return HttpResponse(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    except TooSlow:
        # The address alone says that there is news; what the body names comes with the provider's next try.
        attempt.job.nudge()
        return HttpResponse(status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "30"})
    with about(job=attempt.job_id, attempt=attempt.pk):
        log.info("callback")
    task_id = providers.get(attempt.provider).task_named_in(body)
    if not _is_waiting(attempt, task_id):
        with transaction.atomic():
            _wake(attempt, task_id)
    return HttpResponse("ok", content_type="text/plain")


def _is_waiting(attempt: Attempt, task_id: str) -> bool:
    """Whether a word like this one waits to be looked at already: copies write nothing.

    Whoever takes it up later than this was read asks the provider later, too, and so misses nothing.
    """
    named = attempt.nudged_at is not None and any(hint["task"] == task_id for hint in attempt.hints)
    known = not task_id or task_id == attempt.job.task_id or named
    return attempt.job.nudged_at is not None and known


def _wake(attempt: Attempt, task_id: str) -> None:
    """Whoever follows this task. If the attempt's own jobs do not, or have given it up, the attempt is looked at."""
    followed = Job.objects.filter(provider=attempt.provider, task_id=task_id).first() if task_id else None
    # Jobs before attempts, as the worker writes them: two transactions must not wait for each other.
    for job in sorted({attempt.job, followed or attempt.job}, key=lambda job: job.pk):
        if not job.has_ended:
            job.nudge()
    if task_id and (followed is None or followed.has_given_up or not followed.came_of(attempt)):
        verbs.note_task(attempt, task_id)
        attempt.nudge()
