"""APIXO's three calls, and the meaning of its answers. A failure of the network is an answer, never an exception.

There is no idempotency key: a submission that was blindly repeated is billed again. So every outcome of a POST falls
into one class, here and nowhere else, and whatever is not known to be harmless is UNKNOWN.
"""

import json
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from http.client import IncompleteRead
from typing import TypeVar
from urllib.parse import quote, urlsplit

from wanstudio.media.exchange import Answer, Broken, Deadline, Request, exchange, unchecked
from wanstudio.media.fetch import retry_after
from wanstudio.media.targets import Reach
from wanstudio.provider.base import Account
from wanstudio.provider.calls import Error, GenerateRequest, Outcome, StatusProblem, Submission, TaskStatus

from .messages import (
    carried_task_id,
    clean_text,
    generate_body,
    generate_path,
    read_balance,
    read_envelope,
    read_task,
    words_of_refusal,
)
from .missing_balance import lacks_balance

# Shorter keys are words that anyone knows, such as the sandbox's, and appear in honest messages.
MIN_SECRET_LENGTH = 8

# The outcome counts only with the envelope, that is, when the API itself says it. Our assumption: an API that reports
# its own failure did not take the task; a gateway that gave up waiting might have handed it on.
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

logger = logging.getLogger(__name__)
T = TypeVar("T")


class ApixoClient:
    """One key, as `base.Client` says. Raises ValueError as `base.Provider.client` does."""

    def __init__(self, account: Account) -> None:
        parts = urlsplit(account.base_url)
        # A name and password in the address would silently replace the key in the Authorization header.
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ValueError("The provider's address must look like https://api.apixo.ai/api/v1.")
        if not re.fullmatch(r"[!-~]+", account.key):
            raise ValueError("The provider's key is empty or contains characters that no key has.")
        self._account = replace(account, base_url=account.base_url.rstrip("/"))

    def __repr__(self) -> str:
        return f"ApixoClient({self._account!r})"

    def submit(self, request: GenerateRequest, before_write: Callable[[], None] = unchecked) -> Submission:
        body = json.dumps(generate_body(request)).encode()
        submission = classify(self._exchange(generate_path(self._account.model), body, before_write), request.prompt)
        return replace(submission, message=self._without_key(submission.message))

    def status(self, task_id: str, before_write: Callable[[], None] = unchecked) -> TaskStatus | StatusProblem:
        path = f"/statusTask/{quote(self._account.model, safe='')}?taskId={quote(task_id, safe='')}"
        task = self._ask(path, lambda data: read_task(data, task_id), before_write)
        if isinstance(task, TaskStatus):
            return replace(task, fail_message=self._without_key(task.fail_message))
        return task

    def balance(self, before_write: Callable[[], None] = unchecked) -> Decimal | StatusProblem:
        return self._ask("/apikeys/current-balance", read_balance, before_write)

    def _ask(self, path: str, read: Callable[[object], T], before_write: Callable[[], None]) -> T | StatusProblem:
        answer = self._exchange(path, None, before_write)
        if problem := problem_of(answer):
            return replace(problem, message=self._without_key(problem.message))
        envelope = read_envelope(answer.body, wordless=True)
        try:
            return read(envelope.data if envelope else None)
        except ValueError as reason:
            return StatusProblem(Error.MALFORMED, answer.status, message=self._without_key(str(reason)))

    def _exchange(self, path: str, body: bytes | None, before_write: Callable[[], None]) -> Answer | Broken:
        account = self._account
        headers = {"Authorization": f"Bearer {account.key}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        deadline = Deadline(account.connect_timeout_s + account.read_timeout_s, account.read_timeout_s)
        url = account.base_url + path
        request = Request(url, headers, body, before_write, account.connect_timeout_s)
        # The address is the settings' own, and can be private.
        answer = exchange(request, deadline, Reach(tls=account.tls))
        if isinstance(answer, Broken):
            cause = self._without_key(cause_of(answer))
            logger.warning("%s %s: %s (%s)", "POST" if body else "GET", path, error_of(answer), cause)
        return answer

    def _without_key(self, text: str) -> str:
        # A server that quotes the key back must not get it into a page or a log.
        return text.replace(self._account.key, "[key]") if len(self._account.key) >= MIN_SECRET_LENGTH else text


def classify(answer: Answer | Broken, prompt: str = "") -> Submission:
    """The class of what came of a POST to generateTask. Never raises, whatever the bytes are.

    `prompt`: as it was sent; words of the answer that can come from there prove nothing.
    """
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
    outcome, error = _outcome_of(answer.status, code), _error_of_status(answer.status, code)
    if _lacks_balance(answer, code, prompt):
        outcome, error = Outcome.ACCOUNT, Error.INSUFFICIENT_BALANCE
    return Submission(outcome, "", answer.status, code, message, retry_after(answer.headers), error)


def problem_of(answer: Answer | Broken) -> StatusProblem | None:
    """What is wrong with an answer to a question, or None: both the HTTP status and the envelope's code must be 200."""
    if isinstance(answer, Broken):
        return StatusProblem(error_of(answer), answer.status, message=cause_of(answer))
    envelope = read_envelope(answer.body, wordless=answer.status == 200)
    if answer.status == 200 and envelope and envelope.code == 200:
        return None
    code = envelope.code if envelope else None
    is_short = _lacks_balance(answer, code)
    return StatusProblem(
        error=Error.INSUFFICIENT_BALANCE if is_short else _error_of_status(answer.status, code),
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


def _lacks_balance(answer: Answer, code: int | None, prompt: str = "") -> bool:
    """Whether the API refuses for lack of money, with any status. One that speaks of success proves nothing."""
    is_refusal = answer.status == 200 or 400 <= answer.status < 600
    if not is_refusal or 504 in (answer.status, code) or (code is not None and code < 400):
        return False
    return any(lacks_balance(text, prompt) for text in words_of_refusal(answer.body))


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
