"""The sandbox's memory: tasks, callbacks and the balance, in one SQLite file that survives a kill at any moment.

A task is `pending`, then `processing`. What came of it is written first as its outcome, to be shown at `due_at`, and
then published with its price and its callback in one transaction: nobody is charged twice, no callback is forgotten.
"""

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock

from wanstudio.provider.sandbox.prompt_orders import Orders, read_orders
from wanstudio.provider.sandbox.request_body import Refused, Request

SCHEMA = """
CREATE TABLE IF NOT EXISTS task (
    id TEXT PRIMARY KEY, created REAL NOT NULL, request TEXT NOT NULL, price_cents INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending', due_at REAL NOT NULL, results INTEGER NOT NULL DEFAULT 0,
    fail_code TEXT NOT NULL DEFAULT '', fail_message TEXT NOT NULL DEFAULT '', has_outcome INTEGER NOT NULL DEFAULT 0,
    started REAL, completed REAL, polls INTEGER NOT NULL DEFAULT 0,
    readings INTEGER NOT NULL DEFAULT 0, url_version INTEGER NOT NULL DEFAULT 0,
    swept INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS task_due ON task (state, due_at);
CREATE TABLE IF NOT EXISTS callback (
    task_id TEXT PRIMARY KEY, url TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0, due_at REAL, delivered REAL
);
CREATE INDEX IF NOT EXISTS callback_due ON callback (due_at);
CREATE TABLE IF NOT EXISTS account (id INTEGER PRIMARY KEY CHECK (id = 1), balance_cents INTEGER NOT NULL);
"""


@dataclass(frozen=True)
class Task:
    """One row. Times are Unix seconds; `results` is how many files there are; the counts are told at `count_poll`."""

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

    @property
    def orders(self) -> Orders:
        return read_orders(self.request.prompt)


@dataclass(frozen=True)
class Callback:
    task_id: str
    url: str
    tries: int


class Store:
    """Shared by all threads of one process."""

    def __init__(self, path: Path) -> None:
        self._lock = RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=20)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def top_up(self, start_cents: int, below_cents: int) -> None:
        """A first balance; and a full one again if what is left is below `below_cents`."""
        with self._transaction() as db:
            db.execute("INSERT OR IGNORE INTO account VALUES (1, ?)", (start_cents,))
            db.execute("UPDATE account SET balance_cents = ? WHERE balance_cents < ?", (start_cents, below_cents))

    def balance_cents(self) -> int:
        with self._lock:
            return int(self._db.execute("SELECT balance_cents FROM account").fetchone()[0])

    def create(self, request: Request, price_cents: int, pending_s: float) -> str:
        """A new task. Raises Refused(402) if the balance does not cover it and all that are still under way."""
        task_id = f"task_{secrets.token_hex(8)}"
        now = time.time()
        with self._transaction() as db:
            reserved = db.execute(
                "SELECT coalesce(sum(price_cents), 0) FROM task "
                "WHERE state IN ('pending', 'processing') AND created > ?",
                (now - 3600,),
            ).fetchone()[0]
            if self.balance_cents() < reserved + price_cents:
                raise Refused(402, "Insufficient balance.")
            db.execute(
                "INSERT INTO task (id, created, request, price_cents, due_at) VALUES (?, ?, ?, ?, ?)",
                (task_id, now, json.dumps(vars(request)), price_cents, now + pending_s),
            )
        return task_id

    def get(self, task_id: str) -> Task | None:
        with self._lock:
            row = self._db.execute("SELECT * FROM task WHERE id = ?", (task_id,)).fetchone()
        return _task(row) if row else None

    def startable(self, limit: int) -> list[Task]:
        """The oldest tasks whose pending time is over."""
        return self._tasks("state = 'pending' AND due_at <= ? ORDER BY created LIMIT ?", time.time(), limit)

    def unfinished(self) -> list[Task]:
        """Tasks that a process which is gone was working on."""
        return self._tasks("state = 'processing' AND has_outcome = 0")

    def start(self, task_id: str) -> None:
        self._update("UPDATE task SET state = 'processing', started = coalesce(started, ?) WHERE id = ?",
                     time.time(), task_id)  # fmt: skip

    def conclude(
        self,
        task_id: str,
        due_at: float,
        *,
        results: int = 0,
        price_cents: int = 0,
        fail_code: str = "",
        message: str = "",
    ) -> None:
        """Keeps the outcome, to be published at `due_at`."""
        self._update(
            "UPDATE task SET has_outcome = 1, due_at = ?, results = ?, price_cents = ?, fail_code = ?, "
            "fail_message = ? WHERE id = ?",
            due_at, results, price_cents, fail_code, message, task_id,
        )  # fmt: skip

    def publish(self) -> None:
        """Ends every task whose outcome is due: state, money and callback together."""
        now = time.time()
        with self._transaction() as db:
            due = db.execute(
                "SELECT * FROM task WHERE state = 'processing' AND has_outcome = 1 AND due_at <= ?", (now,)
            ).fetchall()
            for task in map(_task, due):
                state = "failed" if task.fail_code else "success"
                db.execute("UPDATE task SET state = ?, completed = ? WHERE id = ?", (state, now, task.id))
                if state == "success":
                    db.execute("UPDATE account SET balance_cents = max(0, balance_cents - ?)", (task.price_cents,))
                if task.request.callback_url:
                    db.execute("INSERT OR IGNORE INTO callback (task_id, url, due_at) VALUES (?, ?, ?)",
                               (task.id, task.request.callback_url, now))  # fmt: skip

    def count_poll(self, task_id: str) -> None:
        """`polls` counts status calls, `readings` those that saw the result."""
        self._update(
            "UPDATE task SET polls = polls + 1, readings = readings + (state = 'success') WHERE id = ?", task_id
        )

    def renew_url(self, task_id: str) -> None:
        """The next status answer names another result URL."""
        self._update("UPDATE task SET url_version = 1 WHERE id = ?", task_id)

    def callbacks_due(self) -> list[Callback]:
        with self._lock:
            rows = self._db.execute(
                "SELECT task_id, url, tries FROM callback WHERE due_at <= ?", (time.time(),)
            ).fetchall()
        return [Callback(*row) for row in rows]

    def callback_tried(self, task_id: str, *, delivered: bool, again_at: float | None) -> None:
        """`again_at` None: no further try."""
        self._update(
            "UPDATE callback SET tries = tries + 1, due_at = ?, delivered = ? WHERE task_id = ?",
            None if delivered else again_at, time.time() if delivered else None, task_id,
        )  # fmt: skip

    def sweep(self, before: float) -> list[Task]:
        """Tasks completed before that moment, whose files are to be deleted; each is returned once."""
        old = self._tasks("state = 'success' AND swept = 0 AND completed < ?", before)
        for task in old:
            self._update("UPDATE task SET swept = 1 WHERE id = ?", task.id)
        return old

    def next_due(self) -> float | None:
        """The moment at which something is to be done next."""
        with self._lock:
            due: float | None = self._db.execute(
                "SELECT min(due) FROM (SELECT min(due_at) due FROM task WHERE state = 'pending' UNION ALL "
                "SELECT min(due_at) FROM task WHERE state = 'processing' AND has_outcome = 1 UNION ALL "
                "SELECT min(due_at) FROM callback WHERE due_at IS NOT NULL)"
            ).fetchone()[0]
        return due

    def _tasks(self, condition: str, *values: object) -> list[Task]:
        with self._lock:
            return [_task(row) for row in self._db.execute(f"SELECT * FROM task WHERE {condition}", values)]  # noqa: S608

    def _update(self, statement: str, *values: object) -> None:
        with self._lock:
            self._db.execute(statement, values)


def _task(row: sqlite3.Row) -> Task:
    fields = {name: row[name] for name in Task.__annotations__}
    return Task(**{**fields, "request": Request(**json.loads(row["request"]))})
