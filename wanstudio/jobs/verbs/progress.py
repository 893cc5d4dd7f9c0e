"""The verbs that the worker moves a job by, under its lease. What each write guarantees: see `job_moves.py`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from wanstudio.jobs import job_notifications as news
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.history import Turn
from wanstudio.jobs.queue import Line, read_line
from wanstudio.jobs.states import State
from wanstudio.jobs.verbs.moves import JobMoves
from wanstudio.keys.models.balance_readings import BalanceNote
from wanstudio.keys.models.provider_key import ProviderKey
from wanstudio.money.models import Money
from wanstudio.work.leases import Stale


class TaskTaken(Exception):
    """Another job already follows this task of the provider's."""


class WorkerVerbs(JobMoves):
    class Meta:
        abstract = True

    def begin_submitting(self, *, callback: bool, key_mark: str = "") -> Attempt:
        """queued → submitting, with the attempt's row. Nothing is sent yet. `OutOfTurn` if it must wait in line.

        Crash after: the POST may or may not have gone out, so the next claim makes the job uncertain.
        """
        with transaction.atomic():
            # One at a time a key, or workers that look at the same moment would take the same last slot.
            ProviderKey.lock(self.provider)
            self.line().check(self.pk)
            # Due all the while: a crash from here on must be found as soon as the lease has run out.
            self._move(State.SUBMITTING, wait=timedelta(0), trouble="", ask_person=False, place=None)
            Turn.taken(self.provider, self.team_id, self.person_id)
            attempt = Attempt.objects.create(
                job_id=self.pk, provider=self.provider, callback=callback, key_mark=key_mark
            )
            self._note_balance(BalanceNote.Moment.SENT, attempt.pk)
            return attempt

    def line(self) -> Line:
        """The line that this job waits in."""
        return read_line(type(self)._default_manager.all(), self.provider, asking=self.pk)

    def may_write(self) -> bool:
        """The last look before the first byte: still submitting and our lease alive, which this extends."""
        return self.state == State.SUBMITTING and self.keep_lease()

    def mark_running(
        self,
        task_id: str,
        wait: timedelta,
        *,
        callback: bool,
        usual: tuple[float, float, float] | None,
        attempt: Attempt | None = None,
    ) -> None:
        """submitting, uncertain or queued → running: the provider has the task. The price is reserved.

        `attempt`: the one it came of, if it is not the newest; what is unknown about the newest then stays unknown.
        Crash before: the attempt's row holds the task id, and the next claim follows it. `TaskTaken` writes nothing.
        """
        low, middle, high = usual or (None, None, None)
        try:
            with transaction.atomic():
                # The job's row first, then its attempts', as everywhere: transactions must not wait for each other.
                type(self)._default_manager.select_for_update(no_key=True).filter(pk=self.pk).first()
                was = self._take_back(attempt)
                self._move(
                    State.RUNNING,
                    task_id,
                    wait=wait,
                    task_id=task_id,
                    callback=callback,
                    money=Money.RESERVED,
                    money_was=was,
                    paid_for=attempt.pk if attempt else None,
                    ask_person=False,
                    trouble="",
                    setbacks=0,
                    missing_since=None,
                    started_at=Now(),
                    expected_low_s=low,
                    expected_s=middle,
                    expected_high_s=high,
                )
        except IntegrityError:
            raise TaskTaken(task_id) from None

    def requeue(self, why: str, wait: timedelta, *, counts: bool = False, place: int | None = None) -> None:
        """submitting or uncertain → queued: it was certainly not taken. `counts`: as one of the three retries.

        `place`: it waits in line, with all the others of its key; None: it rests alone for `wait`.
        """
        self._move(
            State.QUEUED,
            why,
            wait=wait,
            trouble=why[:300],
            retries=F("retries") + int(counts),
            money=Money.RESERVED,
            ask_person=False,
            place=place,
        )

    def wait_in_line(self, place: int, wait: timedelta, why: str = "") -> None:
        """Still queued, at this place. `why`: what holds the whole key back. Whose turn comes is woken; `wait` is the
        look for the case that nobody wakes it."""
        self.worry(why, wait, place=place)

    def rest(self, why: str, wait: timedelta) -> None:
        """Still queued, out of line: it waits for its own reason, and others pass."""
        self.worry(why, wait, place=None)

    def mark_uncertain(self, why: str, wait: timedelta | None) -> None:
        """submitting → uncertain: nobody can tell whether it was taken. Never sent again by itself.

        `wait`: how long a callback may still settle it before a person is asked; None asks at once.
        """
        if self.state == State.QUEUED:
            raise Stale(f"{self} was not being sent")
        with transaction.atomic():
            self._move(State.UNCERTAIN, why, wait=wait, money=Money.UNKNOWN, ask_person=wait is None)
            if wait is None:
                news.unconfirmed(self)

    def ask(self, trouble: str) -> None:
        """Still uncertain: a person decides."""
        self.worry(trouble, None, ask_person=True)

    def another_has(self, task_id: str) -> bool:
        """Whether another job follows this task of the provider's."""
        jobs: Any = type(self)._default_manager
        return bool(jobs.filter(provider=self.provider, task_id=task_id).exclude(pk=self.pk).exists())

    def alarm(self, trouble: str, wait: timedelta, **changes: Any) -> None:
        """The same as `worry`, and the owner has to know, from now until the job moves on."""
        self.worry(trouble, wait, alarmed_at=self.alarmed_at or Now(), **changes)

    def mark_archiving(self, urls: Sequence[str], *, cost_ms: int | None, completed_at: datetime | None) -> None:
        """running → archiving: the provider says success, so the price is settled, whatever becomes of the download."""
        self._move(
            State.ARCHIVING,
            wait=timedelta(0),
            money=Money.SETTLED,
            result_urls=list(urls),
            cost_ms=cost_ms,
            result_at=completed_at or Now(),
            trouble="",
            setbacks=0,
            missing_since=None,
        )

    def mark_done(self, why: str = "Archived, verified") -> None:
        """archiving → done: every result that can be had is stored, decoded and hashed.

        Crash before: archived again, from what is there.
        """
        with transaction.atomic():
            self._move(State.DONE, why, video=self._main_video(), ended_at=Now(), trouble="")
            news.ready(self)

    def _main_video(self) -> int | None:
        return self.videos.order_by("position").values_list("pk", flat=True).first()  # type: ignore[attr-defined,no-any-return]

    def mark_failed(self, failure: str, message: str, money: Money, why: str, *, cause: str = "") -> None:
        """Any moving state → failed, with the money as the outcome demands. `cause`: a sentence for who made it."""
        with transaction.atomic():
            self._move(State.FAILED, why, failure=failure[:100], failure_message=message, money=money, ended_at=Now())
            news.failed(self, money, cause)
