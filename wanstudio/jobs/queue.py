"""The queue: the waiting jobs of one provider in the order of their fair shares, and how many can go now.

A person who waits with one job does not wait for another's forty: next is who has fewest tasks in flight in this
team, then whose last job was sent longest ago, then the oldest job.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from heapq import heappop, heappush
from itertools import count

from django.db.models import Count, Q, QuerySet, Value
from django.db.models.functions import Now

from wanstudio.jobs.models import FairShare, Job, State
from wanstudio.keys.call_budget import allowed_tasks
from wanstudio.keys.intervals import paced
from wanstudio.keys.models import ProviderKey
from wanstudio.work.compiled import moment
from wanstudio.work.prepared import PreparedRows

# After this time a task without an end counts no more: else a few lost ones would stop the studio.
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
    """`order`: ids of the jobs in the queue, the next one first. `free`: how many more tasks can be in flight."""

    order: Iterator[int]
    free: int

    def check(self, pk: int) -> int:
        """The job's position. Raises OthersFirst if it is not among the next."""
        # As far as it has to be looked at: of a thousand jobs only the next ones go.
        position = next(position for position, each in enumerate(self.order, 1) if each == pk)
        if position > self.free:
            raise OthersFirst(position)
        return position


def in_queue(provider: str) -> QuerySet[Job]:
    """Jobs that would be sent if they were next: they have a position in the queue, or are due. Not those that wait for
    their own reasons, such as a retry's pause."""
    return Job.objects.filter(provider=provider, state=State.QUEUED).filter(
        Q(position__isnull=False) | Q(due_at__lte=Now())
    )


def read(key: ProviderKey, *, asking: int) -> Queue:
    """The queue of a key as it is, with the job `asking` in it. Three queries; no lock, see `begin_submitting`."""
    provider = key.provider
    waiting = _WAITING.all(provider, asking)
    order = fair_order(
        ((pk, (team, person)) for pk, team, person in waiting), flying := in_flight(provider), last_sent(provider)
    )
    return Queue(order, free_slots(key, flying))


def free_slots(key: ProviderKey, flying: Mapping[Who, int]) -> int:
    return max(allowed_tasks(key) - sum(flying.values()), 0)


def others_running(job: Job) -> int:
    """How many other tasks the provider has taken, as far as we know."""
    running = _running(paced(job.provider, FORGOTTEN_AFTER)).first(job.provider, job.pk)
    return int(running[0]) if running else 0


@lru_cache(maxsize=100)
def _running(forgotten: timedelta) -> PreparedRows:
    def others(provider: str, pk: int) -> QuerySet[Job, tuple[int]]:
        running = _flying(provider, forgotten).filter(state=State.RUNNING).exclude(pk=pk).order_by()
        return running.values_list(Value(1)).annotate(Count("pk")).values_list("pk__count")

    return PreparedRows(others)


def in_flight(provider: str) -> dict[Who, int]:
    """How many tasks of each person the provider has, or is being handed."""
    counts = _in_flight(paced(provider, FORGOTTEN_AFTER)).all(provider)
    return {(team, person): number for team, person, number in counts}


@lru_cache(maxsize=100)
def _in_flight(forgotten: timedelta) -> PreparedRows:
    return PreparedRows(
        lambda provider: (
            _flying(provider, forgotten).order_by().values_list("team_id", "person_id").annotate(Count("pk"))
        )
    )


def _flying(provider: str, forgotten: timedelta) -> QuerySet[Job]:
    recent = Q(started_at=None) | Q(started_at__gt=Now() - forgotten)
    return Job.objects.filter(provider=provider, state__in=[State.SUBMITTING, State.RUNNING]).filter(recent)


def last_sent(provider: str) -> dict[Who, datetime]:
    return {(team, person): moment(sent_at) for team, person, sent_at in _SENT.all(provider)}


_WAITING = PreparedRows(
    lambda provider, asking: (
        (in_queue(provider) | Job.objects.filter(pk=asking)).order_by("pk").values_list("pk", "team_id", "person_id")
    )
)
_SENT = PreparedRows(
    lambda provider: FairShare.objects.filter(provider=provider).values_list("team_id", "person_id", "sent_at")
)


def fair_order(
    waiting: Iterable[tuple[int, Who]], flying: Mapping[Who, int], last: Mapping[Who, datetime]
) -> Iterator[int]:
    """Job ids in the order in which they will be sent if nothing ends and no one comes. `waiting`: oldest first."""
    queues: dict[Who, deque[int]] = {}
    for pk, who in waiting:
        queues.setdefault(who, deque()).append(pk)
    heap: list[tuple[int, tuple[int, float], int, Who]] = []
    for who, queue in queues.items():
        before = last[who].timestamp() if who in last else 0.0
        heappush(heap, (flying.get(who, 0), (0, before), queue[0], who))
    # A person served in this simulation comes after all who were last served in the past.
    served = count(1)
    while heap:
        tasks, _, pk, who = heappop(heap)
        yield pk
        queues[who].popleft()
        if queues[who]:
            heappush(heap, (tasks + 1, (1, next(served)), queues[who][0], who))
