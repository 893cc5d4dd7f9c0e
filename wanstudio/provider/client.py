"""The three calls to APIXO. Network trouble is an answer like any other here, never an exception."""

import json
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar
from urllib.parse import quote, urlsplit

from .failures import Error, StatusProblem, Submission, classify, classify_unanswered, problem_of
from .messages import GenerateRequest, TaskStatus, read_balance, read_envelope, read_task
from .wire import Answer, Trouble, exchange

# Shorter keys are words that anybody knows, such as the sandbox's, and appear in honest messages.
SHORTEST_SECRET = 8

logger = logging.getLogger(__name__)
T = TypeVar("T")


def _nothing() -> None:
    """The default of before_write."""


class Client:
    """One key at one provider. Holds no connection, so it may be shared between threads.

    Raises ValueError, without showing the key, for a key or an address that cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        model: str = "wan-2-2-animate",
        connect_timeout_s: float = 10,
        read_timeout_s: float = 60,
    ) -> None:
        parts = urlsplit(base_url)
        # A name and password in the address would silently replace the key in the Authorization header.
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ValueError("The provider's address must look like https://api.apixo.ai/api/v1.")
        if not re.fullmatch(r"[!-~]+", key):
            raise ValueError("The provider's key is empty or contains characters that no key has.")
        self.base_url = base_url.rstrip("/")
        self.model = model
        self._key = key
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s

    def __repr__(self) -> str:
        return f"Client({self.base_url!r}, model={self.model!r})"

    def generate(self, request: GenerateRequest, before_write: Callable[[], None] = _nothing) -> Submission:
        """Submit one task with one POST on a fresh connection. It may cost money; nothing here ever repeats it.

        `before_write` runs once the connection stands, immediately before the first byte. Whatever it raises comes
        out of here unchanged, and nothing was written.
        """
        path = f"/generateTask/{quote(self.model, safe='')}"
        answer = self._exchange("POST", path, json.dumps(request.body()).encode(), before_write)
        if isinstance(answer, Trouble):
            submission = classify_unanswered(
                answer.error, answer.cause, written=answer.written, http_status=answer.status, body=answer.body
            )
        else:
            submission = classify(answer.status, answer.headers, answer.body)
        return replace(submission, message=self._without_key(submission.message))

    def status(self, task_id: str, before_write: Callable[[], None] = _nothing) -> TaskStatus | StatusProblem:
        """Where a task is. A StatusProblem says nothing about the task, unless its error is NOT_FOUND.

        `before_write` as in `generate`.
        """
        path = f"/statusTask/{quote(self.model, safe='')}?taskId={quote(task_id, safe='')}"
        task = self._ask(path, lambda data: read_task(data, task_id), before_write)
        if isinstance(task, TaskStatus):
            return replace(task, fail_message=self._without_key(task.fail_message))
        return task

    def balance(self, before_write: Callable[[], None] = _nothing) -> Decimal | StatusProblem:
        """US dollars left on the key. `before_write` as in `generate`."""
        return self._ask("/apikeys/current-balance", read_balance, before_write)

    def _ask(self, path: str, read: Callable[[object], T], before_write: Callable[[], None]) -> T | StatusProblem:
        answer = self._exchange("GET", path, None, before_write)
        if isinstance(answer, Trouble):
            return StatusProblem(answer.error, answer.status, message=answer.cause)
        problem = problem_of(answer.status, answer.headers, answer.body)
        if problem:
            return replace(problem, message=self._without_key(problem.message))
        envelope = read_envelope(answer.body, wordless=True)
        try:
            return read(envelope.data if envelope else None)
        except ValueError as reason:
            return StatusProblem(Error.MALFORMED, answer.status, message=self._without_key(str(reason)))

    def _exchange(
        self, method: str, path: str, body: bytes | None, before_write: Callable[[], None]
    ) -> Answer | Trouble:
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json", "User-Agent": "WanStudio"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        answer = exchange(
            method,
            self.base_url + path,
            headers,
            body,
            before_write=before_write,
            connect_timeout_s=self._connect_timeout_s,
            read_timeout_s=self._read_timeout_s,
        )
        if isinstance(answer, Trouble):
            answer = replace(answer, cause=self._without_key(answer.cause))
            logger.warning("%s %s: %s (%s)", method, path, answer.error, answer.cause)
        return answer

    def _without_key(self, text: str) -> str:
        # A server that quotes the key back must not get it into a page or a log.
        return text.replace(self._key, "[key]") if len(self._key) >= SHORTEST_SECRET else text
