"""The writes behind the verbs: a job's state and money move here and nowhere else.

Each is one conditional UPDATE on the state the job was loaded in (and the lease, if the caller holds one) and one
row in the timeline, in one transaction: a crash before it leaves the job as it was, a crash after it leaves
the job moved. What that means for the money stands in each verb's docstring. A verb that finds another state or
another lease raises `Stale` and has written nothing. Where the money moves, its entry in the ledger is part of the
same transaction.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Now

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.jobs import job_notifications as news
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.history import Transition
from wanstudio.jobs.states import ENDED, MOVES, State
from wanstudio.keys.models.balance_readings import BalanceNote
from wanstudio.keys.models.provider_key import ProviderKey
from wanstudio.money import models as ledger
from wanstudio.money.models import Money
from wanstudio.work.leases import Leased, Stale, due_after

AS_IT_STANDS = "as it stands"
# What a page shows of a job that stays where it is.
SHOWN_WHILE_WAITING = ("trouble", "ask_person", "place")


class JobMoves(Leased):
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
        alarmed_at: Any

    class Meta:
        abstract = True

    def unmoved(self) -> models.QuerySet[Self]:
        """A lease keeps other workers away, but not a person, who may decide about the job at any moment."""
        return self.held().filter(state=self.state)

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

    def _settle(self, before: Money, after: Money, why: str, **changes: Any) -> None:
        with transaction.atomic():
            jobs: Any = type(self)._default_manager
            mine = jobs.filter(pk=self.pk, state=State.FAILED, money=before)
            if not mine.update(money=after, version=F("version") + 1, **changes):
                raise Stale(f"{self} has not failed with its money {before}")
            if before == Money.UNKNOWN:
                ledger.write(self, after, before=before, attempt_id=self._paid_for(), why=why)
        self.money = after

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

    def _supersede(self, attempt: Attempt | None, money: Money = Money.UNKNOWN) -> None:
        """The job goes on, or ends, without this attempt. Due: what is known of it is looked at."""
        if attempt:
            Attempt.objects.filter(pk=attempt.pk).update(money=money, due_at=Now())

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

    def _note_balance(self, moment: BalanceNote.Moment, attempt_id: int | None) -> None:
        """The balance as it was last told before this, for whoever compares it with the next one."""
        key = ProviderKey.objects.filter(provider=self.provider).values_list("balance", "balance_at").first()
        BalanceNote.before(moment, self.provider, self.pk, attempt_id, key or (None, None))

    def _note(self, act: str, by: User | None) -> None:
        record(team=self.team_id, person=by, act=act, about=self.title, on=self)
