"""Steps: one row is claimed, the step of its state is done, and the row is released.

The caller (the loop, a queue's task, a sweep) only names an id: a lost or doubled call changes nothing.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from datetime import timedelta
from functools import cache, lru_cache
from itertools import zip_longest
from threading import Event, Thread

from django.db import DatabaseError, connection
from django.db.models import Case, F, Q, QuerySet, When
from django.db.models.functions import Coalesce, Now

from wanstudio.work import outages, registry
from wanstudio.work.compiled import Written, moment, rows_of, together, write
from wanstudio.work.leases import HEARTBEAT_S, NUDGE_INTERVAL, Leased, Stale
from wanstudio.work.log_context import about
from wanstudio.work.registry import Kind, R, kind_of

log = logging.getLogger(__name__)

AFTER_A_SURPRISE = timedelta(seconds=30)
# One that was nudged is due since then, or a late crowd would hold it up.
SINCE = Coalesce(Case(When(due_at__lte=Now(), then=F("due_at"))), F("nudged_at"))


def due(model: type[Leased], limit: int = 50, *among: Q) -> list[int]:
    """Ids of rows that `advance` would claim now, the longest due first; `among` narrows them further."""
    registry.load_steps()
    kind_of(model).before_looking()
    return [pk for (pk,) in rows_of(*_due(model, limit, registry.paced(NUDGE_INTERVAL), among))]


def due_of_all_kinds(limit: int) -> list[tuple[type[Leased], int]]:
    """Rows of every kind that `advance` would claim now, `limit` of each at most: first the longest due of each kind.

    In turns, so that a thousand due jobs do not keep the balance call waiting that lifts their pause. One statement:
    a busy worker looks after each step.
    """
    registry.load_steps()
    models = tuple(registry.kinds)
    for kind in registry.kinds.values():
        kind.before_looking()
    queues: list[list[tuple[type[Leased], int]]] = [[] for _ in models]
    for number, _, pk in sorted(rows_of(*_due_of_all(models, limit, registry.paced(NUDGE_INTERVAL)))):
        queues[number].append((models[number], pk))
    return [row for rows in zip_longest(*queues) for row in rows if row]


@lru_cache(maxsize=1000)
def _due(model: type[Leased], limit: int, interval: timedelta, among: tuple[Q, ...]) -> Written:
    return write(_longest_due(model, interval).filter(*among).values_list("pk")[:limit])


@lru_cache(maxsize=20)
def _due_of_all(models: tuple[type[Leased], ...], limit: int, interval: timedelta) -> Written:
    return together([_longest_due(model, interval).values_list(SINCE, "pk")[:limit] for model in models])


def _longest_due(model: type[Leased], interval: timedelta) -> QuerySet[Leased]:
    return model.ready(interval).order_by(SINCE, "pk")


def quiet_s() -> float:
    """Seconds until a row of any kind can be ready that is not now, if no one writes anything meanwhile.

    0 while one is in hand, or was nudged: its lease can run out, or its next claim be allowed, at any moment.
    """
    registry.load_steps()
    outlook = rows_of(*_outlook(tuple(registry.kinds)))
    return max(min(((moment(at) - moment(now)).total_seconds() for _, at, now in outlook), default=float("inf")), 0.0)


@cache
def _outlook(models: tuple[type[Leased], ...]) -> Written:
    """When the next row of each kind is due, and the time now; of a row in hand, a time that is over."""
    looks = []
    for model in models:
        rows = model._default_manager.order_by().annotate(now=Now())
        # One by one: with a limit SQLite reads the whole table for either of them, in the hope of an early row.
        looks.append(rows.filter(due_at__isnull=False).order_by("due_at").values_list("due_at", "now")[:1])
        looks.append(rows.filter(nudged_at__isnull=False).order_by("nudged_at").values_list("nudged_at", "now")[:1])
    return together(looks)


def is_ready(model: type[Leased], pk: int) -> bool:
    """True if `advance` would claim this row now."""
    return model.ready(registry.paced(NUDGE_INTERVAL)).filter(pk=pk).exists()


def advance(model: type[Leased], pk: int) -> bool:
    """Do the next step of this row, if it is ready. Returns whether it was claimed."""
    registry.load_steps()
    row = model.claim(pk, registry.paced(NUDGE_INTERVAL))
    if row is None:
        return False
    kind = kind_of(model)
    with about(**{model._meta.model_name or "row": pk, **kind.log_names(row)}):
        _take_step(kind, row)
    return True


def _take_step(kind: Kind[R], row: R) -> None:
    name, state_before = f"{type(row).__name__} {row.pk}", str(getattr(row, "state", ""))
    step = kind.steps.get(state_before, kind.steps.get(None))
    try:
        with _lease_kept(row):
            if step:
                step(row)
            else:
                row.postpone(None)
    except Stale as stale:
        log.info("%s: %s", name, stale)
    except Exception as wrong:
        # A surprise of ours: seen in the log, tried again later. A job in submitting becomes uncertain then.
        if not outages.noticed(wrong):
            log.exception("%s: step failed", name)
        with suppress(Stale):
            row.postpone(AFTER_A_SURPRISE)
    finally:
        row.release()
    kind.after_release(row, state_before)


@contextmanager
def _lease_kept(row: Leased) -> Iterator[None]:
    """The heartbeat beside a step, so that a slow provider or a large download does not outlive the lease."""
    over = Event()
    # A thread starts with an empty context: its lines are about the same row.
    beat = Thread(target=copy_context().run, args=(_beat, row, over), daemon=True, name=f"lease-{row.pk}")
    beat.start()
    try:
        yield
    finally:
        over.set()


def _beat(row: Leased, over: Event) -> None:
    try:
        while not over.wait(HEARTBEAT_S):
            try:
                if not row.keep_lease():
                    return
            except DatabaseError as wrong:
                # Two more beats come before the lease runs out, each over a separate connection.
                if not outages.noticed(wrong):
                    log.exception("%s: the lease could not be extended; trying again", row)
                connection.close()
    finally:
        connection.close()
