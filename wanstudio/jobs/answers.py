"""Answers of jobs to earlier rooms: what keys are still needed for, and the videos that each member made.

Apart from the queries: every process loads this module, and few need the decoder that the queries import.
"""

from decimal import Decimal

from django.db.models import Q, QuerySet, Sum

from wanstudio.jobs.models import ENDED, Attempt, Job, State
from wanstudio.keys import in_force
from wanstudio.money.models import EVER, KeptSum, Money
from wanstudio.money.verbs import note_reading
from wanstudio.teams.models import Membership, Team
from wanstudio.teams.queries import figures
from wanstudio.teams.roles import Act

# The provider might have charged these already.
HANDED_OVER = (State.SUBMITTING, State.RUNNING)


def _videos_made(team: Team, memberships: list[Membership]) -> dict[int, int]:
    made = KeptSum.objects.filter(team=team, size=EVER).order_by().values_list("person_id")
    return {person: int(count) for person, count in made.annotate(count=Sum("videos"))}


figures["videos"] = Act.VIEW, _videos_made


class JobNeeds:
    def unfinished(self, provider: str) -> int:
        return Job.objects.unfinished().filter(provider=provider).count()

    def open_tasks(self) -> QuerySet[Attempt]:
        is_open = ~Q(job__state__in=ENDED) | Q(job__money=Money.UNKNOWN) | Q(money=Money.UNKNOWN) | ~Q(due_at=None)
        return Attempt.objects.filter(is_open)

    def note_balance(self, provider: str, balance: Decimal, *, key_changed: bool) -> None:
        note_reading(provider, balance, handed_over=HANDED_OVER, key_changed=key_changed)


in_force.register_user(JobNeeds())
