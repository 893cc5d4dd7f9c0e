"""Calls to a provider and their outcomes: frozen dataclasses and enums, the same for every provider.

Every way a call can end is a value here; a client raises nothing if the network fails.
"""

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True)
class GenerateRequest:
    """One video to make. `behaviour` and `resolution` are of the model, `seed` is -1 (random) or 0…2147483647."""

    behaviour: str
    # Links we hand out are capabilities: anyone who reads one in a log can use it.
    image_url: str = field(repr=False)
    video_url: str = field(repr=False)
    resolution: str
    seed: int
    prompt: str = ""
    callback_url: str = field(default="", repr=False)


class Outcome(StrEnum):
    """The class of one submission, by what it means for the money."""

    ACCEPTED = "accepted"  # there is a task id: follow it
    NOT_SENT = "not_sent"  # not a byte was written: send again
    REJECTED = "rejected"  # for what was asked: final
    ACCOUNT = "account"  # for the key or its balance: the whole key pauses
    THROTTLED = "throttled"  # too fast: the whole key waits, then send again
    NOT_ACCEPTED = "not_accepted"  # the API itself failed: send again later
    UNKNOWN = "unknown"  # it might have been taken and billed: never send again unasked


class Error(StrEnum):
    """Every way a call can fail: ten HTTP statuses of the provider, then our own. NO_KEY: the key is no longer here."""

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
    NO_KEY = "no_key"


@dataclass(frozen=True)
class Submission:
    """The outcome of one submission. `code` is the provider's own, `error` is None only when accepted."""

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


class TaskState(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    SUCCESS = "success"
    FAILED = "failed"


@dataclass(frozen=True)
class TaskStatus:
    """A task as the provider reports it. `result_urls` is never empty at success; times are Unix ms, cost_ms is ms."""

    task_id: str
    state: TaskState
    result_urls: tuple[str, ...] = ()
    fail_code: str = ""
    fail_message: str = ""
    created_ms: int | None = None
    completed_ms: int | None = None
    cost_ms: int | None = None
