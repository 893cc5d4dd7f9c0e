"""The states of a job and the moves between them."""

from django.db import models


class State(models.TextChoices):
    QUEUED = "queued", "Queued"
    SUBMITTING = "submitting", "Sending"
    RUNNING = "running", "Generating"
    ARCHIVING = "archiving", "Saving"
    DONE = "done", "Ready"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    UNCERTAIN = "uncertain", "Unconfirmed"


MOVES: dict[State, frozenset[State]] = {
    # To running: an earlier attempt was accepted before the next one is sent. To uncertain: after a restore.
    State.QUEUED: frozenset({State.SUBMITTING, State.RUNNING, State.CANCELLED, State.FAILED, State.UNCERTAIN}),
    State.SUBMITTING: frozenset({State.QUEUED, State.RUNNING, State.FAILED, State.UNCERTAIN}),
    State.UNCERTAIN: frozenset({State.RUNNING, State.QUEUED, State.FAILED}),
    State.RUNNING: frozenset({State.ARCHIVING, State.FAILED}),
    State.ARCHIVING: frozenset({State.DONE, State.FAILED}),
    State.DONE: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}
# Final states.
ENDED = frozenset({State.DONE, State.FAILED, State.CANCELLED})
# The worker moves these; an uncertain job waits for a callback or a person.
MOVING = frozenset({State.QUEUED, State.SUBMITTING, State.RUNNING, State.ARCHIVING})
# All that are not final.
OPEN = frozenset(State) - ENDED
