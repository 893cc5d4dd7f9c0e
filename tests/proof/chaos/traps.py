"""Points inside a victim. Product functions are wrapped from outside; the product has no hooks for this."""

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models.fields.files import FieldFile

from tests.proof.chaos.board import Board
from tests.proof.chaos.outcomes import HANGS
from wanstudio.jobs import verbs
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.history import Transition
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.jobs.steps import submission as submit
from wanstudio.jobs.verbs import moves
from wanstudio.jobs.verbs.decisions import JobOrder
from wanstudio.keys import provider_calls as connection
from wanstudio.keys import verbs as key_verbs
from wanstudio.keys.models import ProviderKey
from wanstudio.media import exchange as connections
from wanstudio.media.exchange import Request, exchange
from wanstudio.money.models import Entry
from wanstudio.provider.apixo import client
from wanstudio.provider.base import Account
from wanstudio.uploads.models import Source
from wanstudio.videos import steps as archive
from wanstudio.videos.models import Video
from wanstudio.work.leases import Leased

VICTIM = "X-Victim"


class _Here(threading.local):
    """What this thread is doing: the marker of its job, and where the job is being moved to."""

    marker = ""
    job: Any = None
    to = ""
    sends = 0


class Traps:
    def __init__(self, board: Board) -> None:
        self._board = board
        self._here = _Here()

    def spring(self, point: str, marker: str | None = None) -> None:
        """Dies here, if the order says so."""
        order = self._board.order
        if order and order.meets(point, self._here.marker if marker is None else marker):
            self._board.sign()
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)

    def around(self, owner: Any, name: str, before: str = "", after: str = "") -> None:
        """Every call of `owner.name` passes the point `before` and, if it did not raise, the point `after`."""
        inner = getattr(owner, name)

        @wraps(inner)
        def trapped(*words: Any, **named: Any) -> Any:
            if before:
                self.spring(before)
            out = inner(*words, **named)
            if after:
                self.spring(after)
            return out

        setattr(owner, name, trapped)

    # --- the worker -----------------------------------------------------------------------------------

    def worker(self, ways: dict[str, str]) -> None:
        """`ways`: name of a broken way to its address, for jobs whose prompt asks for one."""
        self._claims()
        self.around(verbs, "begin_submitting", "before the attempt", "attempt written")
        self.around(ProviderKey, "lock", after="line locked")
        self.around(Entry, "save", "before the ledger's entry", "ledger's entry")
        self.around(Attempt, "save", after="attempt in its transaction")
        self._connection(ways)
        self.around(verbs, "record_answer", "answer read", "answer recorded")
        self._moves()
        for name, point in (("suspend", "key paused"), ("back_off", "key throttled"), ("strike", "key struck")):
            self.around(key_verbs, name, after=point)
        self.around(verbs, "follow_orphan", "before it is adopted", "adopted")
        self.around(verbs, "mark_archiving", "success told", "archiving")
        self.around(archive, "verify_video", after="draft verified")
        self.around(FieldFile, "save", after="file stored")
        self.around(Video, "save", "before the video's row", "video's row")
        self.around(verbs, "mark_done", "before done", "done")
        self.around(key_verbs, "note_balance", "balance told", "balance noted")
        self.around(key_verbs, "resume", after="key resumed")

    def _claims(self) -> None:
        claim, release = Leased.claim.__func__, Leased.release  # type: ignore[attr-defined]

        def claimed(cls: Any, *words: Any) -> Any:
            row = claim(cls, *words)
            self._here.job, self._here.to, self._here.sends = row, "", 0
            self._here.marker = row.prompt if isinstance(row, Job) else ""
            if isinstance(row, Job):
                self.spring("claimed while queued" if row.state == State.QUEUED else "claimed again")
            return row

        def released(row: Leased) -> None:
            release(row)
            if isinstance(row, Job):
                self.spring("released")

        Leased.claim = classmethod(claimed)  # type: ignore[method-assign, assignment]
        Leased.release = released  # type: ignore[method-assign, assignment]

    def _connection(self, ways: dict[str, str]) -> None:
        send_and_read, connect, send = exchange, connection.connect, connections._TimedSocket.sendall

        def named(request: Request, *rest: Any) -> Any:
            def connected() -> None:
                request.before_write()
                if self._here.to == State.SUBMITTING:
                    self._here.sends = 0
                    self.spring("connected")

            # The provider kills by process: it must know whom it talks to.
            headers = {**request.headers, VICTIM: str(os.getpid())}
            return send_and_read(replace(request, headers=headers, before_write=connected), *rest)

        def led(provider: str) -> Any:
            way = self._here.marker.partition(" via ")[2]
            url, key = settings.PROVIDERS[provider]
            if way and (self._here.job.retries == 0 or way.endswith(" always")):
                return client.ApixoClient(Account(ways[way.split(" ")[0]], key, settings.MODEL))
            if self._here.marker.endswith(HANGS):
                return client.ApixoClient(Account(url, key, settings.MODEL, read_timeout_s=1))
            return connect(provider)

        def sent(line: Any, data: Any) -> None:
            send(line, data)
            self._here.sends += 1
            if self._here.to == State.SUBMITTING and self._here.sends == 1:
                self.spring("half written")

        setattr(client, "exchange", named)  # noqa: B010
        setattr(submit, "connect", led)  # noqa: B010
        connections._TimedSocket.sendall = sent  # type: ignore[method-assign, assignment]

    def _moves(self) -> None:
        move, save = moves.move, Transition.save

        def moved(job: Job, step: moves.Move) -> None:
            to = step.to
            away = to != State.SUBMITTING
            found = job.state == State.UNCERTAIN and to == State.RUNNING
            self._here.to = to
            if away:
                self.spring("before the move")
            if found:
                self.spring("before it is found again")
            move(job, step)
            if away:
                self.spring("moved")
            if found:
                self.spring("found again")

        def saved(row: Transition, *words: Any, **named: Any) -> None:
            if self._here.to != State.SUBMITTING:
                self.spring("in the move")
            save(row, *words, **named)

        setattr(moves, "move", moved)  # noqa: B010
        Transition.save = saved  # type: ignore[method-assign, assignment]

    # --- the web --------------------------------------------------------------------------------------

    def web(self) -> None:
        accept = verbs.accept

        def clicked(order: JobOrder, **named: Any) -> Job:
            self._here.marker = order.prompt
            self.spring("click: form read")
            job = accept(order, **named)
            self.spring("click: job committed")
            return job

        setattr(verbs, "accept", clicked)  # noqa: B010
        self.around(Transition, "save", "click: job written, not committed")
        self.around(FieldFile, "save", "upload: read", "upload: file stored")
        self.around(Source, "save", after="upload: row written")
        self._callbacks()

    def _callbacks(self) -> None:
        note, nudge = verbs.note_task, Job.nudge

        def hinted(attempt: Attempt, *words: Any, **named: Any) -> None:
            self._here.marker = attempt.job.prompt
            self.spring("callback: read")
            note(attempt, *words, **named)
            self.spring("callback: task id written")

        def nudged(job: Job) -> None:
            nudge(job)
            self.spring("callback: worker woken", job.prompt)

        setattr(verbs, "note_task", hinted)  # noqa: B010
        Job.nudge = nudged  # type: ignore[method-assign, assignment]


def install(role: str, board: Path, ways: dict[str, str]) -> None:
    """Sets every trap of a role in this process: `worker` or `web`."""
    traps = Traps(Board(board))
    act: Callable[[], None] = traps.web if role == "web" else lambda: traps.worker(ways)
    act()
