"""The verbs of a person, who holds no lease: they decide about the job as it stands, or as they saw it."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.states import State
from wanstudio.jobs.verbs.moves import JobMoves
from wanstudio.money import budgets as budget
from wanstudio.money.models import Money
from wanstudio.work.leases import Stale


class PersonVerbs(JobMoves):
    class Meta:
        abstract = True

    def rename(self, title: str, *, by: User) -> None:
        """A title says nothing to the provider, so it may change at any time. Versions under it change with it."""
        jobs: Any = type(self)._default_manager
        root = self.lineage_id or self.pk
        stack = Q(pk=self.pk) | (Q(title=self.title) & (Q(pk=root) | Q(lineage=root)))
        with transaction.atomic():
            jobs.filter(stack).update(title=title, version=F("version") + 1)
            if title != self.title:
                record(team=self.team_id, person=by, act="job.renamed", about=f"{self.title} → {title}", on=self)
        self.title = title

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
        It counts where the usage shows it: under who made the job, whoever presses. So it is their cap that it has to
        fit under once more, beside the team's; else `OverCap`, before anything is sent.
        `seen`: the version that the person looked at; `Stale` if the job has changed since.
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
