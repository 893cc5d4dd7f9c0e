"""Answers of jobs to what keys ask: which tasks still need a key, and what was handed over when a balance is read."""

from decimal import Decimal

from django.db.models import Q, QuerySet

from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import ENDED, State
from wanstudio.keys import needs
from wanstudio.money.models import Money
from wanstudio.money.verbs import note_reading

# The provider may have charged these already.
HANDED_OVER = (State.SUBMITTING, State.RUNNING)


class JobNeeds:
    def unfinished(self, provider: str) -> int:
        return Job.objects.unfinished().filter(provider=provider).count()

    def open_tasks(self) -> QuerySet[Attempt]:
        is_open = ~Q(job__state__in=ENDED) | Q(job__money=Money.UNKNOWN) | Q(money=Money.UNKNOWN) | ~Q(due_at=None)
        return Attempt.objects.filter(is_open)

    def note_balance(self, provider: str, balance: Decimal, *, key_changed: bool) -> None:
        note_reading(provider, balance, handed_over=HANDED_OVER, key_changed=key_changed)


needs.register(JobNeeds())
