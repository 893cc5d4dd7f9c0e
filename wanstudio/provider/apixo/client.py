"""APIXO's three calls. A failure of the network is an answer here, never an exception."""

import json
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar
from urllib.parse import quote, urlsplit

from wanstudio.media.exchange import Answer, Broken, Deadline, Request, exchange, unchecked
from wanstudio.media.targets import Reach
from wanstudio.provider.base import Account
from wanstudio.provider.calls import Error, GenerateRequest, StatusProblem, Submission, TaskStatus

from .messages import generate_body, generate_path, read_balance, read_envelope, read_task
from .outcomes import cause_of, classify, error_of, problem_of

# Shorter keys are words that anybody knows, such as the sandbox's, and appear in honest messages.
MIN_SECRET_LENGTH = 8

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
        submission = classify(self._exchange(generate_path(self._account.model), body, before_write))
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
        # The address is the settings' own, and may be private.
        answer = exchange(request, deadline, Reach(tls=account.tls))
        if isinstance(answer, Broken):
            cause = self._without_key(cause_of(answer))
            logger.warning("%s %s: %s (%s)", "POST" if body else "GET", path, error_of(answer), cause)
        return answer

    def _without_key(self, text: str) -> str:
        # A server that quotes the key back must not get it into a page or a log.
        return text.replace(self._account.key, "[key]") if len(self._account.key) >= MIN_SECRET_LENGTH else text
