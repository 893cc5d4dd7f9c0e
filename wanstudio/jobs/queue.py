"""The queue: the waiting jobs of one provider in the order of their fair shares, and how many may go now.

A person who waits with one job does not wait for another's forty: next is who has fewest tasks in flight in this
team, then whose last job was sent longest ago, then the oldest job.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Now

from wanstudio.jobs.models import FairShare, Job, State
from wanstudio.keys.call_budget import allowed_tasks
from wanstudio.keys.intervals import paced
from wanstudio.keys.models import ProviderKey

# A task without an end after so long blocks nobody: else a few lost ones would stop the studio.
FORGOTTEN_AFTER = timedelta(hours=24)

# A person in a team.
Who = tuple[int, int]


class OthersFirst(Exception):
    """Others are before it: `position` in the queue, 1 is next. Nothing was written."""

    def __init__(self, position: int) -> None:
        super().__init__(f"number {position} in the queue")
        self.position = position


@dataclass(frozen=True)
class Queue:
    """`order`: ids of the jobs in the queue, who is next first. `free`: how many more tasks may be in flight."""

    order: list[int]
    free: int

    def check(self, pk: int) -> int:
        """The job's position. Raises OthersFirst if it is not among the next."""
        if (position := self.order.index(pk) + 1) > self.free:
            raise OthersFirst(position)
        return position


def in_queue(provider: str) -> QuerySet[Job]:
    """Jobs that would go if they were next: told to wait in the queue, or due. Not those that wait for their own
    reasons, such as a retry's pause."""
    return Job.objects.filter(provider=provider, state=State.QUEUED).filter(
        Q(position__isnull=False) | Q(due_at__lte=Now())
    )


def read(provider: str, *, asking: int) -> Queue:
    """The queue as it is, with the job `asking` in it. Three queries; no lock, see `begin_submitting`."""
    waiting = (in_queue(provider) | Job.objects.filter(pk=asking)).order_by("pk")
    order = fair_order(
        ((pk, (team, person)) for pk, team, person in waiting.values_list("pk", "team_id", "person_id")),
        flying := in_flight(provider),
        last_sent(provider),
    )
    return Queue(order, free_slots(provider, flying))


def free_slots(provider: str, flying: Mapping[Who, int]) -> int:
    return max(allowed_tasks(ProviderKey.peek(provider)) - sum(flying.values()), 0)


def others_running(job: Job) -> int:
    """How many other tasks the provider has taken, as far as we know."""
    return _flying(job.provider).filter(state=State.RUNNING).exclude(pk=job.pk).count()


def in_flight(provider: str) -> dict[Who, int]:
    """How many tasks of each person the provider has, or is being handed."""
    counts = _flying(provider).order_by().values_list("team_id", "person_id").annotate(Count("pk"))
    return {(team, person): number for team, person, number in counts}


def _flying(provider: str) -> QuerySet[Job]:
    recent = Q(started_at=None) | Q(started_at__gt=Now() - paced(provider, FORGOTTEN_AFTER))
    return Job.objects.filter(provider=provider, state__in=[State.SUBMITTING, State.RUNNING]).filter(recent)


def last_sent(provider: str) -> dict[Who, datetime]:
    sent = FairShare.objects.filter(provider=provider).values_list("team_id", "person_id", "sent_at")
    return {(team, person): sent_at for team, person, sent_at in sent}


def fair_order(
    waiting: Iterable[tuple[int, Who]], flying: Mapping[Who, int], last: Mapping[Who, datetime]
) -> list[int]:
    """Job ids in the order in which they will be sent if nothing ends and nobody comes. `waiting`: oldest first."""
    queues: dict[Who, deque[int]] = {}
    for pk, who in waiting:
        queues.setdefault(who, deque()).append(pk)
    heap: list[tuple[int, tuple[int, float], int, Who]] = []
    for who, queue in queues.items():
        before = last[who].timestamp() if who in last else 0.0
        heappush(heap, (flying.get(who, 0), (0, before), queue[0], who))
    order: list[int] = []
    # Whoever is served on the way comes after all who were last served in the past.
    served = count(1)
    while heap:
        tasks, _, pk, who = heappop(heap)
        order.append(pk)
        queues[who].popleft()
        if queues[who]:
            heappush(heap, (tasks + 1, (1, next(served)), queues[who][0], who))
    return order
