"""What an answer to a submission means for the money, and the names of everything that can go wrong.

There is no idempotency key: a submission that was blindly repeated is billed again. So every outcome of a POST falls
into one class, here and nowhere else, and whatever is not known to be harmless is UNKNOWN.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

from .messages import carried_task_id, read_envelope

# One wrong header must not silence a key for days.
LONGEST_RETRY_AFTER_S = 3600.0


class Outcome(StrEnum):
    """What became of one POST."""

    ACCEPTED = "accepted"  # there is a task id: follow it
    NOT_SENT = "not_sent"  # not a byte was written: send again
    REJECTED = "rejected"  # for what was asked: final
    ACCOUNT = "account"  # for the key or its balance: the whole key waits for its owner
    THROTTLED = "throttled"  # too fast: the whole key waits, then send again
    NOT_ACCEPTED = "not_accepted"  # the API itself failed: send again later
    UNKNOWN = "unknown"  # it may have been taken and billed: never send again unasked


class Error(StrEnum):
    """Every way a call can fail. The first ten are the provider's HTTP statuses, in their order."""

    BAD_REQUEST = "bad_request"
    UNAUTHORIZED = "unauthorized"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    BAD_GATEWAY = "bad_gateway"
    UNAVAILABLE = "unavailable"
    GATEWAY_TIMEOUT = "gateway_timeout"
    NOT_CONNECTED = "not_connected"
    TIMED_OUT = "timed_out"
    CONNECTION_LOST = "connection_lost"
    REDIRECTED = "redirected"
    MALFORMED = "malformed"
    UNEXPECTED_STATUS = "unexpected_status"


@dataclass(frozen=True)
class Submission:
    """The outcome of one POST. `code` is the envelope's, `error` is None only when accepted."""

    outcome: Outcome
    task_id: str = ""
    http_status: int | None = None
    code: int | None = None
    message: str = ""
    retry_after_s: float | None = None
    error: Error | None = None


@dataclass(frozen=True)
class StatusProblem:
    """A status or balance call that told us nothing about the task or the money.

    NOT_FOUND only if the API itself says so: a 404 page of something in front of it is UNEXPECTED_STATUS.
    """

    error: Error
    http_status: int | None = None
    retry_after_s: float | None = None
    message: str = ""


_ERRORS = {
    400: Error.BAD_REQUEST,
    401: Error.UNAUTHORIZED,
    402: Error.INSUFFICIENT_BALANCE,
    403: Error.FORBIDDEN,
    404: Error.NOT_FOUND,
    429: Error.RATE_LIMITED,
    500: Error.SERVER_ERROR,
    502: Error.BAD_GATEWAY,
    503: Error.UNAVAILABLE,
    504: Error.GATEWAY_TIMEOUT,
}
# These say something only with the envelope, that is, when the API itself says it.
_OUTCOMES = {
    400: Outcome.REJECTED,
    401: Outcome.ACCOUNT,
    402: Outcome.ACCOUNT,
    403: Outcome.REJECTED,
    404: Outcome.REJECTED,
    429: Outcome.THROTTLED,
    # Our assumption: an API that reports its own failure did not take the task. 504 is missing on purpose, a gateway
    # that gave up waiting may have handed it on.
    500: Outcome.NOT_ACCEPTED,
    502: Outcome.NOT_ACCEPTED,
    503: Outcome.NOT_ACCEPTED,
}


def classify(http_status: int, headers: Mapping[str, str], body: bytes) -> Submission:
    """The class of a complete answer to generateTask. Never raises, whatever the bytes are."""
    envelope = read_envelope(body)
    code = envelope.code if envelope else None
    message = envelope.message if envelope else ""
    if task_id := carried_task_id(body):
        return Submission(Outcome.ACCEPTED, task_id, http_status, code, message)
    return Submission(
        outcome=_outcome_of(http_status, code),
        http_status=http_status,
        code=code,
        message=message,
        retry_after_s=retry_after(headers),
        error=_error_of(http_status, code),
    )


def classify_unanswered(
    error: Error, message: str, *, written: bool, http_status: int | None = None, body: bytes = b""
) -> Submission:
    """The class of a POST whose answer did not arrive whole. `body` is what there is of it.

    `written` is our own connection's word that writing began; no exception's type can prove the contrary.
    """
    if task_id := carried_task_id(body):
        return Submission(Outcome.ACCEPTED, task_id, http_status)
    outcome = Outcome.UNKNOWN if written else Outcome.NOT_SENT
    return Submission(outcome, http_status=http_status, message=message, error=error)


def problem_of(http_status: int, headers: Mapping[str, str], body: bytes) -> StatusProblem | None:
    """What is wrong with an answer to a question, or None: both the HTTP status and the envelope's code must be 200."""
    envelope = read_envelope(body, wordless=http_status == 200)
    if http_status == 200 and envelope and envelope.code == 200:
        return None
    return StatusProblem(
        error=_error_of(http_status, envelope.code if envelope else None),
        http_status=http_status,
        retry_after_s=retry_after(headers),
        message=envelope.message if envelope else "",
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait as the Retry-After header asks (a number or a date), at most an hour, or None."""
    value = next((value.strip() for name, value in headers.items() if name.lower() == "retry-after"), "")
    if re.fullmatch(r"[0-9]{1,9}", value):
        return min(float(value), LONGEST_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_RETRY_AFTER_S)


def _outcome_of(http_status: int, code: int | None) -> Outcome:
    if http_status == 429:
        return Outcome.THROTTLED
    if code is None:
        return Outcome.UNKNOWN
    if http_status == 200:
        return _OUTCOMES.get(code, Outcome.UNKNOWN)
    # An error status around a body that speaks of success, or of a time-out further in, proves nothing.
    if code < 400 or code == 504:
        return Outcome.UNKNOWN
    return _OUTCOMES.get(http_status, Outcome.UNKNOWN)


def _error_of(http_status: int, code: int | None) -> Error:
    if 300 <= http_status < 400:
        return Error.REDIRECTED
    if http_status == 200 and code in (None, 200):
        return Error.MALFORMED
    status = code if http_status == 200 and code is not None else http_status
    # Gateways throttle and fail in their own name, but only the API can judge a request, a key or a task.
    if code is None and 400 <= status < 500 and status != 429:
        return Error.UNEXPECTED_STATUS
    return _ERRORS.get(status, Error.UNEXPECTED_STATUS)
