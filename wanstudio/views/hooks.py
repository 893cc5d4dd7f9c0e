"""The provider's door. What comes through it is a hint and never a fact."""

import logging
from http import HTTPStatus

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from wanstudio.logs import about
from wanstudio.models import Attempt
from wanstudio.provider.messages import carried_task_id
from wanstudio.views.bodies import TooLarge, TooSlow, read_body

log = logging.getLogger(__name__)

MOST_BYTES = 64 * 1024


@csrf_exempt
@require_POST
def apixo(request: HttpRequest, token: str) -> HttpResponse:
    """A callback: notes the task id it names and wakes the worker, which asks the provider itself.

    No outbound call is made here, so that a provider that hangs cannot hold this door. Without a token of ours not a
    byte of the body is read.
    """
    attempt = Attempt.by_token(token)
    if attempt is None:
        return HttpResponse(status=HTTPStatus.NOT_FOUND)
    try:
        body = read_body(request, MOST_BYTES)
    except TooLarge:
        return HttpResponse(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    except TooSlow:
        # The address alone says that there is news; what the body names comes with the provider's next try.
        attempt.job.nudge()
        return HttpResponse(status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "30"})
    with about(job=attempt.job_id, attempt=attempt.pk):
        log.info("callback")
    if not attempt.job.has_ended:
        with transaction.atomic():
            if task_id := carried_task_id(body):
                attempt.hint(task_id)
            attempt.job.nudge()
    return HttpResponse("ok", content_type="text/plain")
