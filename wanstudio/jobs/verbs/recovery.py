"""The verbs for what turns up later: where lost money went, a task alive after all, a row that came out of a backup."""

from typing import Any

from django.db import transaction

from wanstudio.accounts.models import User
from wanstudio.jobs import job_notifications as news
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.states import State
from wanstudio.jobs.verbs.moves import JobMoves
from wanstudio.money.models import Money
from wanstudio.work.leases import Stale

# Outcomes of an attempt that leave it open whether the provider has its task, or say that it has.
MAYBE_TAKEN = ("", "accepted", "unknown")


class LateVerbs(JobMoves):
    class Meta:
        abstract = True

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
