"""The update of the queue: waiting jobs get their position or what blocks them all, and the next are woken.

All of it is a hint, written without a lock and again at the next look. Whether a job can really go is decided in
`begin_submitting`; so two workers that update the same queue at once, or one that dies meanwhile, do no harm.
"""

import time
from datetime import timedelta
from functools import cache
from threading import Lock
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import BooleanField, Case, ExpressionWrapper, F, PositiveIntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Now

from wanstudio.jobs.models import Job, State
from wanstudio.jobs.queue import Who, fair_order, free_slots, in_flight, in_queue, last_sent
from wanstudio.keys import call_budget, intervals
from wanstudio.keys.models import ProviderKey
from wanstudio.keys.provider_calls import blocked
from wanstudio.provider import providers
from wanstudio.work.compiled import Written, rows_of, write
from wanstudio.work.leases import due_after
from wanstudio.work.prepared import PreparedRows

UPDATE_EVERY_S = 1.0
# A waiting job is looked at this often, even if nothing updates the queue.
LOOK_AGAIN = timedelta(minutes=5)
# Between two that are woken at the same moment, so that a pause does not end in a burst.
STAGGER_S = 0.2
# How many positions one statement writes.
BATCH = 500
# A longer queue is renumbered every BATCH of its jobs a second at most: a step would else write all of them.
SHORT = 50

_updated_at = 0.0
_numbered_at: dict[str, float] = {}
_lock = Lock()


class Waiting(NamedTuple):
    """A job in the queue. `is_due`: a worker would claim it in any case."""

    who: Who
    position: int | None
    problem: str
    is_due: bool


def update_all() -> None:
    """Every queue, at most once a second in this process."""
    global _updated_at
    with _lock:
        if time.monotonic() - _updated_at < UPDATE_EVERY_S:
            return
        _updated_at = time.monotonic()
    # By name: which of them have jobs in the queue would be read from all jobs.
    for provider in providers.PROVIDERS:
        if rows_of(*_any_waiting(provider)):
            update(provider)


@cache
def _any_waiting(provider: str) -> Written:
    return write(in_queue(provider).order_by().values_list("pk")[:1])


def update(provider: str) -> None:
    """One look at the queue of this provider; writes only what has changed, positions of a long one later."""
    rows = _waiting(provider)
    if not rows:
        return
    pause, key = blocked(provider), ProviderKey.peek(provider)
    flying = in_flight(provider)
    order = list(fair_order(((pk, row.who) for pk, row in rows.items()), flying, last_sent(provider)))
    free = 0 if pause else min(free_slots(key, flying), call_budget.room(key))
    why = pause.why if pause else ""
    changed = {
        pk: position
        for position, pk in enumerate(order if _is_to_be_numbered(provider, len(order)) else (), 1)
        if (position > free or rows[pk].position) and (rows[pk].position, rows[pk].problem) != (position, why)
    }
    asleep = [pk for pk in order[free:] if rows[pk].is_due]
    woken = [pk for pk in order[:free] if not rows[pk].is_due]
    if changed or asleep or woken:
        _write(provider, changed, why, asleep, woken)


def _is_to_be_numbered(provider: str, length: int) -> bool:
    now = time.monotonic()
    if length > SHORT and now - _numbered_at.get(provider, float("-inf")) < max(length / BATCH, UPDATE_EVERY_S):
        return False
    _numbered_at[provider] = now
    return True


def _waiting(provider: str) -> dict[int, Waiting]:
    return {pk: Waiting((team, person), *shown) for pk, team, person, *shown in _WAITING.all(provider)}


def _in_order(provider: str) -> QuerySet[Job, tuple[Any, ...]]:
    is_due = ExpressionWrapper(Q(due_at__lte=Now() + timedelta(seconds=2)), output_field=BooleanField())
    rows = in_queue(provider).order_by("pk").annotate(is_due=is_due)
    return rows.values_list("pk", "team_id", "person_id", "position", "problem", "is_due")


_WAITING = PreparedRows(_in_order)


def _write(provider: str, changed: dict[int, int], why: str, asleep: list[int], woken: list[int]) -> None:
    with transaction.atomic():
        # The order of locks is key, then jobs, here as in `begin_submitting`; else PostgreSQL sees deadlocks.
        ProviderKey.lock(provider)
        pks = list(changed)
        for batch in (pks[start : start + BATCH] for start in range(0, len(pks), BATCH)):
            _queued(batch).update(
                position=Case(
                    *(When(pk=pk, then=Value(changed[pk])) for pk in batch), output_field=PositiveIntegerField()
                ),
                problem=why[:300],
                version=F("version") + 1,
            )
        # One that a worker has in hand stays due: it must be found soon if that worker dies.
        _queued(asleep).filter(Q(lease_until=None) | Q(lease_until__lte=Now())).update(due_at=Now() + LOOK_AGAIN)
        for number, pk in enumerate(woken):
            _queued([pk]).update(due_at=due_after(intervals.paced(provider, timedelta(seconds=STAGGER_S * number))))


def _queued(pks: list[int]) -> QuerySet[Job]:
    return Job.objects.filter(pk__in=pks, state=State.QUEUED)
