"""One step of one row: claim it, do what its state asks for, let it go.

Whoever calls (the loop, a queue's task, a sweep) only names an id: a lost or doubled call changes nothing.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from datetime import timedelta
from threading import Event, Thread
from typing import Any

from django.db import DatabaseError, connection
from django.db.models import Case, F, Q, When
from django.db.models.functions import Coalesce, Now

from wanstudio.jobs.models.alerts import Alarm
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.jobs.steps import alerting as alarms
from wanstudio.jobs.steps import orphans as adopt
from wanstudio.jobs.steps import polling as check
from wanstudio.jobs.steps import queue_update as line
from wanstudio.jobs.steps import submission as submit
from wanstudio.jobs.steps import uncertain as settle
from wanstudio.keys import intervals as waits
from wanstudio.keys import steps as errands
from wanstudio.keys.models.key_in_page import StoredKey
from wanstudio.keys.models.provider_key import ProviderKey
from wanstudio.notifications.models.mails import Digest, Mail
from wanstudio.notifications.models.webhooks import Delivery
from wanstudio.notifications.steps import digests
from wanstudio.notifications.steps import mail_sending as mails
from wanstudio.notifications.steps import webhook_delivery as webhooks
from wanstudio.operations import sweep
from wanstudio.uploads import steps as upload_steps
from wanstudio.uploads.models import Source
from wanstudio.videos import steps as archive
from wanstudio.work.leases import HEARTBEAT_S, NUDGE_REST, Leased, Stale
from wanstudio.work.log_context import about, also
from wanstudio.work.models import Chore

log = logging.getLogger(__name__)

AFTER_A_SURPRISE = timedelta(seconds=30)

Step = Callable[[Any], None]
JOB_STEPS: dict[str, Step] = {
    State.QUEUED: submit.send,
    State.SUBMITTING: settle.left_behind,
    State.UNCERTAIN: settle.settle,
    State.RUNNING: check.poll,
    State.ARCHIVING: archive.save,
}
STEPS: dict[type[Leased], Callable[[Any], Step | None]] = {
    Job: lambda job: JOB_STEPS.get(job.state),
    Attempt: lambda attempt: adopt.look,
    Source: lambda source: upload_steps.make_poster,
    ProviderKey: lambda key: errands.ask_balance,
    StoredKey: lambda key: errands.check_key,
    Alarm: lambda alarm: alarms.tell,
    Mail: lambda mail: mails.send,
    Digest: lambda digest: digests.send,
    Delivery: lambda delivery: webhooks.deliver,
    Chore: lambda chore: sweep.sweep,
}


def due(model: type[Leased], limit: int = 50, *among: Q) -> list[int]:
    """Ids of rows that `advance` would claim now, the longest due first; `among` narrows them further.

    The lines are tended on the way.
    """
    waits.mind_the_key()
    if model is Job:
        line.tend_all()
    # One that was nudged is due since then, or a late crowd would hold it up.
    since = Coalesce(Case(When(due_at__lte=Now(), then=F("due_at"))), F("nudged_at"))
    ready = model.ready(waits.paced(NUDGE_REST)).filter(*among)
    return list(ready.order_by(since, "pk").values_list("pk", flat=True)[:limit])


def is_ready(model: type[Leased], pk: int) -> bool:
    """Whether `advance` would claim this row now."""
    return model.ready(waits.paced(NUDGE_REST)).filter(pk=pk).exists()


def advance(model: type[Leased], pk: int) -> bool:
    """Do the next step of this row, if it is ready. Returns whether it was claimed."""
    waits.mind_the_key()
    row = model.claim(pk, waits.paced(NUDGE_REST))
    if row is None:
        return False
    with about(**{model._meta.model_name or "row": pk}):
        if isinstance(row, Job) and (attempt := row.submissions.values_list("pk", flat=True).last()):
            also(attempt=attempt)
        _take_step(model, row)
    return True


def _take_step(model: type[Leased], row: Leased) -> None:
    step, pk, came_as = STEPS[model](row), row.pk, getattr(row, "state", "")
    try:
        with _lease_kept(row):
            if step:
                step(row)
            else:
                row.postpone(None)
        if model is Job:
            alarms.notice(pk)
    except Stale as stale:
        log.info("%s %s: %s", model.__name__, pk, stale)
    except Exception:
        # A surprise of ours: seen in the log, tried again later. A job in submitting becomes uncertain then.
        log.exception("%s %s: step failed", model.__name__, pk)
        with suppress(Stale):
            row.postpone(AFTER_A_SURPRISE)
    finally:
        row.release()
    # A step that may have freed a slot, taken one, or lifted a pause.
    if isinstance(row, ProviderKey | StoredKey) or (
        isinstance(row, Job) and (came_as == State.QUEUED or row.state != came_as)
    ):
        line.tend(row.provider)


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
            except DatabaseError:
                # Two more beats come before the lease runs out, each over a connection of its own.
                log.exception("%s: the lease could not be extended; trying again", row)
                connection.close()
    finally:
        connection.close()
