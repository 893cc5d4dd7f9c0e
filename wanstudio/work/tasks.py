"""Celery's tasks: the same `advance` as in the embedded worker, called by id, and the sweep that names the ids."""

import logging

from celery import shared_task

from wanstudio.work import registry
from wanstudio.work.advance import advance, due, is_ready
from wanstudio.work.celery_worker import presence
from wanstudio.work.leases import ANNOUNCED_FOR
from wanstudio.work.reconnect import refresh

log = logging.getLogger(__name__)

# How many ids of a model one sweep hands over: a second's work for many workers, and no flood for few.
A_SWEEP = 200


# A message that is not taken up in time is dropped: the next sweep has handed it over again by then.
@shared_task(name="wanstudio.advance", ignore_result=True, expires=ANNOUNCED_FOR.total_seconds())
def advance_row(name: str, pk: int) -> None:
    """One step of this row, if it is ready. A step that left it ready is followed by the next, as a new message.

    A crash anywhere, and a message that comes twice or late, change nothing: see `advance`.
    """
    registry.load_steps()
    model = next((model for model in registry.kinds if model.__name__ == name), None)
    if model is None:
        return log.warning("a message names %s, which this version does not know", name)
    refresh()
    with presence.step() as may_begin:
        if may_begin and advance(model, pk) and is_ready(model, pk):
            advance_row.delay(name, pk)
    return None


@shared_task(name="wanstudio.sweep", ignore_result=True)
def sweep() -> None:
    """Hand over what is due and was not handed over lately. Cut off anywhere: the rest follows 10 s later."""
    refresh()
    presence.note_sweep()
    registry.load_steps()
    for model in registry.kinds:
        if pks := due(model, A_SWEEP, model.unannounced()):
            model.announce(pks)
            for pk in pks:
                advance_row.delay(model.__name__, pk)
