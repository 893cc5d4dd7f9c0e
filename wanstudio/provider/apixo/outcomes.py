"""The meaning of APIXO's answers: which outcome a POST has had, and what is wrong with an answer to a question.

There is no idempotency key: a submission that was blindly repeated is billed again. So every outcome of a POST falls
into one class, here and nowhere else, and whatever is not known to be harmless is UNKNOWN.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import IncompleteRead

from wanstudio.media.exchange import Answer, Broken
from wanstudio.provider.calls import Error, Outcome, StatusProblem, Submission

from .messages import carried_task_id, clean_text, read_envelope

# One wrong header must not silence a key for days.
MAX_RETRY_AFTER_S = 3600.0

# The outcome counts only with the envelope, that is, when the API itself says it. Our assumption: an API that reports
# its own failure did not take the task; a gateway that gave up waiting may have handed it on.
_MEANINGS = {
    400: (Error.BAD_REQUEST, Outcome.REJECTED),
    401: (Error.UNAUTHORIZED, Outcome.ACCOUNT),
    402: (Error.INSUFFICIENT_BALANCE, Outcome.ACCOUNT),
    403: (Error.FORBIDDEN, Outcome.REJECTED),
    404: (Error.NOT_FOUND, Outcome.REJECTED),
    429: (Error.RATE_LIMITED, Outcome.THROTTLED),
    500: (Error.SERVER_ERROR, Outcome.NOT_ACCEPTED),
    502: (Error.BAD_GATEWAY, Outcome.NOT_ACCEPTED),
    503: (Error.UNAVAILABLE, Outcome.NOT_ACCEPTED),
    504: (Error.GATEWAY_TIMEOUT, Outcome.UNKNOWN),
}
_UNEXPECTED = (Error.UNEXPECTED_STATUS, Outcome.UNKNOWN)


def classify(answer: Answer | Broken) -> Submission:
    """The class of what came of a POST to generateTask. Never raises, whatever the bytes are."""
    task_id = carried_task_id(answer.body)
    if isinstance(answer, Broken):
        if task_id:
            return Submission(Outcome.ACCEPTED, task_id, answer.status)
        outcome = Outcome.UNKNOWN if answer.written else Outcome.NOT_SENT
        return Submission(outcome, http_status=answer.status, message=cause_of(answer), error=error_of(answer))
    envelope = read_envelope(answer.body)
    code = envelope.code if envelope else None
    message = envelope.message if envelope else ""
    if task_id:
        return Submission(Outcome.ACCEPTED, task_id, answer.status, code, message)
    return Submission(
        outcome=_outcome_of(answer.status, code),
        http_status=answer.status,
        code=code,
        message=message,
        retry_after_s=retry_after(answer.headers),
        error=_error_of_status(answer.status, code),
    )


def problem_of(answer: Answer | Broken) -> StatusProblem | None:
    """What is wrong with an answer to a question, or None: both the HTTP status and the envelope's code must be 200."""
    if isinstance(answer, Broken):
        return StatusProblem(error_of(answer), answer.status, message=cause_of(answer))
    envelope = read_envelope(answer.body, wordless=answer.status == 200)
    if answer.status == 200 and envelope and envelope.code == 200:
        return None
    return StatusProblem(
        error=_error_of_status(answer.status, envelope.code if envelope else None),
        http_status=answer.status,
        retry_after_s=retry_after(answer.headers),
        message=envelope.message if envelope else "",
    )


def error_of(broken: Broken) -> Error:
    error = broken.error
    if not broken.written:
        return Error.NOT_CONNECTED
    if isinstance(error, TimeoutError):
        return Error.TIMED_OUT
    # http.client calls a chunk that has no number for its length incomplete, too.
    is_cut = isinstance(error, IncompleteRead) and not isinstance(error.__context__, ValueError)
    return Error.CONNECTION_LOST if is_cut or isinstance(error, OSError) else Error.MALFORMED


def cause_of(broken: Broken) -> str:
    """The error as the operating system said it, fit for a line of the log."""
    return clean_text(f"{type(broken.error).__name__}: {broken.error}", 300)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait as the Retry-After header asks (a number or a date), at most an hour, or None."""
    value = next((value.strip() for name, value in headers.items() if name.lower() == "retry-after"), "")
    if re.fullmatch(r"[0-9]{1,9}", value):
        return min(float(value), MAX_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), MAX_RETRY_AFTER_S)


def _outcome_of(http_status: int, code: int | None) -> Outcome:
    if http_status == 429:
        return Outcome.THROTTLED
    if code is None:
        return Outcome.UNKNOWN
    # An error status around a body that speaks of success, or of a time-out further in, proves nothing.
    if http_status != 200 and (code < 400 or code == 504):
        return Outcome.UNKNOWN
    return _MEANINGS.get(code if http_status == 200 else http_status, _UNEXPECTED)[1]


def _error_of_status(http_status: int, code: int | None) -> Error:
    if 300 <= http_status < 400:
        return Error.REDIRECTED
    if http_status == 200 and code in (None, 200):
        return Error.MALFORMED
    status = code if http_status == 200 and code is not None else http_status
    # Gateways throttle and fail in their own name, but only the API can judge a request, a key or a task.
    if code is None and 400 <= status < 500 and status != 429:
        return Error.UNEXPECTED_STATUS
    return _MEANINGS.get(status, _UNEXPECTED)[0]
