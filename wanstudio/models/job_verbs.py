"""The verbs that move a job. Nothing else writes its state.

Each is one conditional UPDATE on the state it was loaded in (and the lease, if the caller holds one) and one
row in the timeline, in one transaction: a crash before it leaves the job as it was, a crash after it leaves
the job moved. What that means for the money stands in each docstring. A verb that finds another state or
another lease raises `Stale` and has written nothing. Where the money moves, its entry in the ledger is part of the
same transaction.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.db import IntegrityError, models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.models import budget, ledger, news
from wanstudio.models.activity import Activity
from wanstudio.models.attempt import Attempt
from wanstudio.models.balance_note import BalanceNote
from wanstudio.models.job_states import ENDED, MOVES, Money, State
from wanstudio.models.leased import Leased, Stale, due_after
from wanstudio.models.line import Line, read_line
from wanstudio.models.people import User
from wanstudio.models.provider_key import ProviderKey
from wanstudio.models.transition import Transition
from wanstudio.models.turn import Turn

# The provider deletes a result this long after it was made.
KEPT_BY_PROVIDER = timedelta(hours=24)
AS_IT_STANDS = "as it stands"


# What a page shows of a job that stays where it is.
SHOWN_WHILE_WAITING = ("trouble", "ask_person", "place")


# Outcomes of an attempt that leave it open whether the provider has its task, or say that it has.
MAYBE_TAKEN = ("", "accepted", "unknown")


class TaskTaken(Exception):
    """Another job already follows this task of the provider's."""


class JobVerbs(Leased):
    if TYPE_CHECKING:
        provider: Any
        team_id: Any
        person_id: Any
        title: Any
        lineage_id: Any
        person: Any
        price: Any
        state: Any
        money: Any
        task_id: Any
        adopted_from_id: Any
        ask_person: Any
        trouble: Any
        version: Any
        result_at: Any
        alarmed_at: Any

    class Meta:
        abstract = True

    # --- by the worker, under a lease -----------------------------------------------------------------

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

    def doubt(self, why: str) -> None:
        """queued, submitting or uncertain → uncertain: this row is older than the world, it may have been sent since.

        A try that nobody here remembers gets its row, so that a refusal of the one before it sends nothing. What is
        known of a task is still followed; else a person decides. Only for a database that no worker has: takes every
        lease away.
        """
        changes: dict[str, Any] = {"ask_person": True, "place": None, "lease_until": None, "lease_token": None}
        with transaction.atomic():
            newest = self._newest_attempt()
            if newest is None or self.state == State.QUEUED or newest.outcome not in MAYBE_TAKEN:
                newest = Attempt.objects.create(
                    job_id=self.pk, provider=self.provider, outcome="unknown", message=why[:300]
                )
            if self.state == State.UNCERTAIN:
                self.worry(why, None, **changes)
            else:
                self._move(State.UNCERTAIN, why, money=Money.UNKNOWN, paid_for=newest.pk, trouble=why[:300], **changes)
                news.unconfirmed(self)
        self.nudge()

    def ask(self, trouble: str) -> None:
        """Still uncertain: a person decides."""
        self.worry(trouble, None, ask_person=True)

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

    def mark_failed(self, failure: str, message: str, money: Money, why: str, *, cause: str = "") -> None:
        """Any moving state → failed, with the money as the outcome demands. `cause`: a sentence for who made it."""
        with transaction.atomic():
            self._move(State.FAILED, why, failure=failure[:100], failure_message=message, money=money, ended_at=Now())
            news.failed(self, money, cause)

    def alarm(self, trouble: str, wait: timedelta, **changes: Any) -> None:
        """The same as `worry`, and the owner has to know, from now until the job moves on."""
        self.worry(trouble, wait, alarmed_at=self.alarmed_at or Now(), **changes)

    def worry(self, trouble: str, wait: timedelta | None, **changes: Any) -> None:
        """No move, but something a person should read while it waits (an empty sentence: no longer)."""
        trouble = trouble[:300]
        shown = {"trouble": trouble, **changes}
        # An alarm counts down: every try is news.
        is_news = "alarmed_at" in changes or any(
            shown.get(name, getattr(self, name)) != getattr(self, name) for name in SHOWN_WHILE_WAITING
        )
        with transaction.atomic():
            self.postpone(wait, trouble=trouble, version=F("version") + int(is_news), **changes)
            if changes.get("ask_person") and not self.ask_person:
                news.unconfirmed(self)

    def wait_in_line(self, place: int, wait: timedelta, why: str = "") -> None:
        """Still queued, at this place. `why`: what holds the whole key back. Whose turn comes is woken; `wait` is the
        look for the case that nobody wakes it."""
        self.worry(why, wait, place=place)

    def rest(self, why: str, wait: timedelta) -> None:
        """Still queued, out of line: it waits for its own reason, and others pass."""
        self.worry(why, wait, place=None)

    # --- by a person ----------------------------------------------------------------------------------

    def cancel(self, *, by: User | None = None) -> None:
        """queued → cancelled: never sent, nothing charged. `Stale` once it is on its way."""
        with transaction.atomic():
            self._move(State.CANCELLED, money=Money.RELEASED, ended_at=Now(), decided_in=State.QUEUED)
            self._note("job.cancelled", by)

    def attach(self, task_id: str, *, by: User | None = None) -> None:
        """A task id found in the provider's dashboard. Believed once the worker has confirmed it by statusTask."""
        attempt = Attempt.objects.filter(job_id=self.pk).last()
        if self.state != State.UNCERTAIN or attempt is None:
            raise Stale(f"{self} is not uncertain")
        with transaction.atomic():
            self._note("job.attached", by)
            self.nudge()
            attempt.hint(task_id[:200], by_hand=True)

    def send_again(self, *, seen: int, by: User | None = None) -> None:
        """uncertain → queued: a new attempt, which a person has agreed to pay for even if the first was charged.

        The first one's price stays unknown, on its attempt, and the price is reserved once more.
        `seen`: the version that the person looked at; `Stale` if the job has changed since. `OverCap` if the price
        does not fit under a monthly cap once more.
        """
        if seen != self.version:
            raise Stale(f"{self} has changed since it was looked at")
        with transaction.atomic():
            # The team before the job, as everywhere.
            budget.check(budget.hold(self.team_id), self.person, self.provider, self.price)
            self._move(
                State.QUEUED,
                "Sent again by hand",
                wait=timedelta(0),
                money=Money.RESERVED,
                money_was=None,
                retries=0,
                trouble="",
                ask_person=False,
                place=None,
                decided_in=State.UNCERTAIN,
                seen=seen,
            )
            self._supersede(self._newest_attempt())
            self._note("job.sent_again", by)
        self.wake()

    def was_not_charged(self, *, by: User | None = None) -> None:
        """uncertain → failed: a person has looked, and the provider did not take it.

        Should its task turn up all the same, another job follows it.
        """
        with transaction.atomic():
            self._move(
                State.FAILED,
                "It was not charged",
                failure="NOT_CHARGED",
                money=Money.RELEASED,
                ended_at=Now(),
                decided_in=State.UNCERTAIN,
            )
            self._supersede(self._newest_attempt(), Money.RELEASED)
            self._note("job.not_charged", by)

    # --- by what turns up later -----------------------------------------------------------------------

    def settle_unknown(self, money: Money, why: str, *, by: User | None = None) -> None:
        """failed with its money unknown: now it is known not to have been charged, or assumed.

        A person says so, or the provider. `Stale` if it is not one of those. A crash leaves it unknown, or settled.
        """
        with transaction.atomic():
            self._settle(Money.UNKNOWN, money, why)
            if by:
                self._note("job.not_charged", by)

    def let_go_of_task(self, why: str) -> None:
        """failed, but its task is alive after all: another job follows it. What was unknown here is released here.

        `Stale` if it is not one of those. A crash leaves both jobs as they were: the caller's transaction.
        """
        if self.money not in (Money.UNKNOWN, Money.ASSUMED) or not self.task_id:
            raise Stale(f"{self} holds no task that it has given up")
        self._settle(Money(self.money), Money.RELEASED, why, task_id="")

    def _settle(self, before: Money, after: Money, why: str, **changes: Any) -> None:
        with transaction.atomic():
            jobs: Any = type(self)._default_manager
            mine = jobs.filter(pk=self.pk, state=State.FAILED, money=before)
            if not mine.update(money=after, version=F("version") + 1, **changes):
                raise Stale(f"{self} has not failed with its money {before}")
            if before == Money.UNKNOWN:
                ledger.write(self, after, before=before, attempt_id=self._paid_for(), why=why)
        self.money = after

    # --- questions and the one write ------------------------------------------------------------------

    def unmoved(self) -> models.QuerySet[Self]:
        """A lease keeps other workers away, but not a person, who may decide about the job at any moment."""
        return self.held().filter(state=self.state)

    def another_has(self, task_id: str) -> bool:
        """Whether another job follows this task of the provider's."""
        jobs: Any = type(self)._default_manager
        return bool(jobs.filter(provider=self.provider, task_id=task_id).exclude(pk=self.pk).exists())

    @property
    def expires_at(self) -> datetime | None:
        """When the provider's copy of the result goes."""
        return self.result_at + KEPT_BY_PROVIDER if self.result_at else None

    @property
    def is_lost(self) -> bool:
        """Whether the provider's copy must be gone by now."""
        return bool(self.expires_at and self.expires_at < timezone.now())

    def line(self) -> Line:
        """The line that this job waits in."""
        return read_line(type(self)._default_manager.all(), self.provider, asking=self.pk)

    def rename(self, title: str, *, by: User) -> None:
        """A title says nothing to the provider, so it may change at any time. Versions under it change with it."""
        jobs: Any = type(self)._default_manager
        root = self.lineage_id or self.pk
        stack = Q(pk=self.pk) | (Q(title=self.title) & (Q(pk=root) | Q(lineage=root)))
        with transaction.atomic():
            jobs.filter(stack).update(title=title, version=F("version") + 1)
            if title != self.title:
                Activity.note(team=self.team_id, person=by, act="job.renamed", about=f"{self.title} → {title}", on=self)
        self.title = title

    def _note(self, act: str, by: User | None) -> None:
        Activity.note(team=self.team_id, person=by, act=act, about=self.title, on=self)

    def _main_video(self) -> int | None:
        return self.videos.order_by("position").values_list("pk", flat=True).first()  # type: ignore[attr-defined,no-any-return]

    def _newest_attempt(self) -> Attempt | None:
        return Attempt.objects.filter(job_id=self.pk).last()

    def _paid_for(self) -> int | None:
        """The attempt that the job's present money is about; None while it is about one that is yet to come."""
        if self.state == State.QUEUED:
            return None
        mine = Attempt.objects.filter(job_id=self.pk)
        followed = mine.filter(task_id=self.task_id).last() if self.task_id else None
        attempt = followed or mine.last()
        return attempt.pk if attempt else self.adopted_from_id

    def _supersede(self, attempt: Attempt | None, money: Money = Money.UNKNOWN) -> None:
        """The job goes on, or ends, without this attempt. Due: what is known of it is looked at."""
        if attempt:
            Attempt.objects.filter(pk=attempt.pk).update(money=money, due_at=Now())

    def _note_balance(self, moment: BalanceNote.Moment, attempt_id: int | None) -> None:
        """The balance as it was last told before this, for whoever compares it with the next one."""
        key = ProviderKey.objects.filter(provider=self.provider).values_list("balance", "balance_at").first()
        BalanceNote.before(moment, self.provider, self.pk, attempt_id, key or (None, None))

    def _take_back(self, attempt: Attempt | None) -> Money | str | None:
        """Before following the task of `attempt`: its price is the job's again. Returns where that price stood."""
        newest = self._newest_attempt()
        if newest is None:
            return str(self.money)
        followed = Attempt.objects.get(pk=attempt.pk if attempt else newest.pk)
        if followed.money:
            Attempt.objects.filter(pk=followed.pk).update(money="")
        if self.state == State.UNCERTAIN and followed.pk != newest.pk:
            self._supersede(newest)
            return followed.money or None
        if followed.money == Money.UNKNOWN:
            # The price is reserved already, for a try that is not needed now.
            why = "It was taken after all, and is not sent again"
            ledger.write(self, Money.RELEASED, before=Money.UNKNOWN, attempt_id=followed.pk, why=why)
        return str(self.money)

    def _move(
        self,
        to: State,
        why: str = "",
        *,
        wait: timedelta | None = None,
        decided_in: State | None = None,
        seen: int | None = None,
        money_was: Money | str | None = AS_IT_STANDS,
        paid_for: int | None = None,
        **changes: Any,
    ) -> None:
        """`decided_in`: a person decides, who holds no lease, and about a job in this state (and version) only.

        `money_was`: what the price leaves, if that is not the job's present money. `paid_for`: the attempt it is about.
        """
        came_from = State(self.state)
        if to not in MOVES[came_from] or decided_in not in (None, came_from):
            raise Stale(f"{self} is {came_from}, which does not lead to {to}")
        due_at = None if to in ENDED else due_after(wait)
        changes.setdefault("alarmed_at", None)
        if "video" in changes:
            changes["video_id"] = changes.pop("video")
        with transaction.atomic():
            mine: Any = type(self)._default_manager.filter(pk=self.pk) if decided_in else self.held()
            if seen is not None:
                mine = mine.filter(version=seen)
            if not mine.filter(state=came_from).update(state=to, due_at=due_at, version=F("version") + 1, **changes):
                raise Stale(f"{self} is no longer {came_from} or no longer ours")
            Transition.objects.create(job_id=self.pk, from_state=came_from, to_state=to, why=why[:300])
            if came_from == State.RUNNING:
                self._note_balance(BalanceNote.Moment.ENDED, self._paid_for())
            before = self.money if money_was == AS_IT_STANDS else money_was
            if "money" in changes and changes["money"] != before:
                about = paid_for or (self._paid_for() if before else None)
                ledger.write(self, changes["money"], before=before, attempt_id=about, why=why)
        self.state = to
        self.money = changes.get("money", self.money)
