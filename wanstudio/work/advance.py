"""Steps: one row is claimed, the step of its state is done, and the row is released.

The caller (the loop, a queue's task, a sweep) only names an id: a lost or doubled call changes nothing.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from datetime import timedelta
from functools import cache, lru_cache
from threading import Event, Thread

from django.db import DatabaseError, connection
from django.db.models import Case, F, Q, When
from django.db.models.functions import Coalesce, Now

from wanstudio.work import outages, registry
from wanstudio.work.compiled import Written, moment, rows_of, write
from wanstudio.work.leases import HEARTBEAT_S, NUDGE_INTERVAL, Leased, Stale
from wanstudio.work.log_context import about
from wanstudio.work.registry import Kind, R, kind_of

log = logging.getLogger(__name__)

AFTER_A_SURPRISE = timedelta(seconds=30)


def due(model: type[Leased], limit: int = 50, *among: Q) -> list[int]:
    """Ids of rows that `advance` would claim now, the longest due first; `among` narrows them further."""
    registry.load_steps()
    kind_of(model).before_looking()
    return [pk for (pk,) in rows_of(*_due(model, limit, registry.paced(NUDGE_INTERVAL), among))]


@lru_cache(maxsize=1000)
def _due(model: type[Leased], limit: int, interval: timedelta, among: tuple[Q, ...]) -> Written:
    # One that was nudged is due since then, or a late crowd would hold it up.
    since = Coalesce(Case(When(due_at__lte=Now(), then=F("due_at"))), F("nudged_at"))
    return write(model.ready(interval).filter(*among).order_by(since, "pk").values_list("pk")[:limit])


def quiet_s() -> float:
    """Seconds until a row of any kind may be ready that is not now, if nobody writes anything meanwhile.

    0 while one is in hand, or was nudged: its lease may run out, or its next claim be allowed, at any moment.
    """
    registry.load_steps()
    left = float("inf")
    for model in registry.kinds:
        *in_hand, following = _outlook(model)
        if any(rows_of(*each) for each in in_hand):
            return 0.0
        for due_at, now in rows_of(*following):
            left = min(left, (moment(due_at) - moment(now)).total_seconds())
    return left


@cache
def _outlook(model: type[Leased]) -> tuple[Written, Written, Written]:
    rows = model._default_manager.order_by()
    # One by one: with a limit SQLite reads the whole table for either of them, in the hope of an early row.
    due, nudged = rows.filter(due_at__lte=Now()), rows.filter(nudged_at__isnull=False)
    following = rows.filter(due_at__gt=Now()).order_by("due_at").annotate(now=Now()).values_list("due_at", "now")[:1]
    return (
        write(due.order_by("due_at").values_list("pk")[:1]),
        write(nudged.order_by("nudged_at").values_list("pk")[:1]),
        write(following),
    )


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
        kind.after_step(row)
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
                # Two more beats come before the lease runs out, each over a connection of its own.
                if not outages.noticed(wrong):
                    log.exception("%s: the lease could not be extended; trying again", row)
                connection.close()
    finally:
        connection.close()
