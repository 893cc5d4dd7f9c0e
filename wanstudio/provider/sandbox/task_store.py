"""Tasks, callbacks and the balance: one SQLite file that survives a kill at any moment."""

import json
import secrets
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from threading import RLock

from .request_body import Refused, Request

KEPT_S = 24 * 3600.0
SCHEMA = """
PRAGMA journal_mode=WAL;
PRAGMA synchronous=NORMAL;
CREATE TABLE IF NOT EXISTS task (
    id TEXT PRIMARY KEY, created REAL NOT NULL, request TEXT NOT NULL, price_cents INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending', due_at REAL NOT NULL, results INTEGER NOT NULL DEFAULT 0,
    fail_code TEXT NOT NULL DEFAULT '', fail_message TEXT NOT NULL DEFAULT '', started REAL, completed REAL,
    polls INTEGER NOT NULL DEFAULT 0, readings INTEGER NOT NULL DEFAULT 0, url_version INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS callback (
    task_id TEXT PRIMARY KEY, url TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0, due_at REAL, delivered REAL
);
CREATE TABLE IF NOT EXISTS account (id INTEGER PRIMARY KEY CHECK (id = 1), balance_cents INTEGER NOT NULL);
"""


@dataclass(frozen=True)
class Task:
    """One row. Times are Unix seconds. `due_at` ends its pending time; `polls` counts status calls, `readings` those
    that saw the result; at `callback_at` its callback is sent once more, after so many `attempts`."""

    id: str
    created: float
    request: Request
    price_cents: int
    state: str
    due_at: float
    results: int
    fail_code: str
    fail_message: str
    started: float | None
    completed: float | None
    polls: int
    readings: int
    url_version: int
    callback_at: float | None
    attempts: int

    @property
    def is_expired(self) -> bool:
        return self.completed is not None and time.time() - self.completed > KEPT_S


class TaskStore:
    """Shared by all threads of one process: under the lock, a transaction has the file to itself."""

    def __init__(self, path: Path) -> None:
        self._lock = RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, timeout=20)
        self._db.row_factory = sqlite3.Row
        self._db.executescript(SCHEMA)

    def top_up(self, start_cents: int) -> None:
        """A first balance, and a full one again if less than $20 of it is left."""
        with self._lock, self._db:
            self._db.execute("INSERT OR IGNORE INTO account VALUES (1, ?)", (start_cents,))
            self._db.execute(
                "UPDATE account SET balance_cents = ? WHERE balance_cents < ?", (start_cents, min(start_cents, 20_00))
            )

    def balance_cents(self) -> int:
        return int(self._rows("SELECT balance_cents FROM account")[0][0])

    def create(self, request: Request, price_cents: int, pending_s: float) -> Task:
        """A new task. Raises Refused(402) if the balance does not cover it and all that are still in progress."""
        task_id, now = f"task_{secrets.token_hex(8)}", time.time()
        reserved = "SELECT coalesce(sum(price_cents), 0) FROM task WHERE completed IS NULL AND created > ?"
        with self._lock, self._db:
            if self.balance_cents() < self._rows(reserved, now - 3600)[0][0] + price_cents:
                raise Refused(402, "Insufficient balance.")
            self._db.execute(
                "INSERT INTO task (id, created, request, price_cents, due_at) VALUES (?, ?, ?, ?, ?)",
                (task_id, now, json.dumps(vars(request)), price_cents, now + pending_s),
            )
            return self._tasks("id = ?", task_id)[0]

    def get(self, task_id: str) -> Task | None:
        return next(iter(self._tasks("id = ?", task_id)), None)

    def unfinished(self) -> list[Task]:
        """Tasks that are not completed or whose callback is still to be sent, the oldest first."""
        return self._tasks("completed IS NULL OR callback.due_at IS NOT NULL ORDER BY created")

    def start(self, task_id: str, now: float) -> None:
        self._write("UPDATE task SET state = 'processing', started = ? WHERE id = ?", now, task_id)

    def complete(self, task: Task) -> None:
        """Ends a task whose outcome is filled in: results and price, or the reason of its failure.

        State, money and callback in one transaction: no one is charged twice, no callback is forgotten.
        """
        now, state = time.time(), "failed" if task.fail_code else "success"
        with self._lock, self._db as db:
            db.execute(
                "UPDATE task SET state = ?, completed = ?, results = ?, price_cents = ?, fail_code = ?, "
                "fail_message = ? WHERE id = ?",
                (state, now, task.results, task.price_cents, task.fail_code, task.fail_message, task.id),
            )
            if state == "success":
                db.execute("UPDATE account SET balance_cents = max(0, balance_cents - ?)", (task.price_cents,))
            if url := task.request.callback_url:
                db.execute("INSERT INTO callback (task_id, url, due_at) VALUES (?, ?, ?)", (task.id, url, now))

    def polled(self, task_id: str) -> Task | None:
        """The task as it is, with one status call more counted. In one transaction: no change comes in between."""
        count = "UPDATE task SET polls = polls + 1, readings = readings + (state = 'success') WHERE id = ?"
        with self._lock, self._db:
            task = self.get(task_id)
            self._db.execute(count, (task_id,))
            return task

    def renew_url(self, task_id: str) -> None:
        """The next status answer names another result URL."""
        self._write("UPDATE task SET url_version = 1 WHERE id = ?", task_id)

    def callback_sent(self, task_id: str, *, delivered: bool, again_at: float | None) -> None:
        """`again_at` None: it is not sent again."""
        self._write(
            "UPDATE callback SET tries = tries + 1, due_at = ?, delivered = ? WHERE task_id = ?",
            again_at, time.time() if delivered else None, task_id,
        )  # fmt: skip

    def _tasks(self, condition: str, *values: object) -> list[Task]:
        rows = self._rows(
            "SELECT task.*, callback.due_at AS callback_at, coalesce(tries, 0) AS attempts "  # noqa: S608
            f"FROM task LEFT JOIN callback ON task_id = id WHERE {condition}",
            *values,
        )
        # By name: a file that an older release made has more columns.
        known = [{name: row[name] for name in Task.__annotations__} for row in rows]
        return [Task(**{**fields, "request": Request(**json.loads(fields["request"]))}) for fields in known]

    def _rows(self, statement: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(statement, values).fetchall()

    def _write(self, statement: str, *values: object) -> None:
        with self._lock, self._db:
            self._db.execute(statement, values)
