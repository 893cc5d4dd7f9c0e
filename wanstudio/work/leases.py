"""Leases: the base of every row that the worker works on. A row is due, claimed for 30 s, and released.

The row is the truth and any queue only a hint: callers name an id, and `claim` decides.
All times are the database's (`Now()`), so that several machines need no common clock.
"""

from datetime import timedelta
from functools import cache, lru_cache, partial
from typing import Any, Self, TypeVar
from uuid import UUID, uuid4

from django.db import models, transaction
from django.db.models import Case, F, Q, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from django.dispatch import Signal

from wanstudio.work.prepared import Prepared, PreparedUpdate

LEASE = timedelta(seconds=30)
HEARTBEAT_S = 10.0
# A hint wakes a row at most this often: the provider's shortest interval of 5 s, and a busy machine's delay.
NUDGE_INTERVAL = timedelta(seconds=6)
# Sent with `pk` by a model whose row can be ready from now on, once that is committed. There can be no listener.
woken = Signal()
# An id that was handed to a queue is not handed over again for this long, unless the row was claimed meanwhile.
ANNOUNCED_FOR = timedelta(seconds=10)


def due_after(wait: timedelta | None) -> Combinable | None:
    """The moment to write into `due_at`; None: not until a verb says so.

    Without a wait it is this very moment: SQLite would write `Now() + 0` with more digits than `Now()`, and compare it
    as later.
    """
    if wait is None:
        return None
    return Now() + wait if wait else Now()


class Stale(Exception):
    """The row is no longer in the state, or under the lease, that a verb expected. Nothing was written."""


class Leased(models.Model):
    """Work for the worker. `due_at` None: nothing to do until a verb says so."""

    due_at = models.DateTimeField(null=True, blank=True)
    nudged_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    announced_at = models.DateTimeField(null=True, blank=True)
    claims = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True
        # Partial ones: a look for work reads what is due, never what once was.
        indexes = [
            models.Index(fields=["due_at"], name="%(class)s_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["nudged_at"], name="%(class)s_nudged", condition=Q(nudged_at__isnull=False)),
        ]

    @classmethod
    def ready(cls, interval: timedelta = NUDGE_INTERVAL) -> models.QuerySet[Self]:
        """Rows that can be claimed now: due or nudged, and without a living lease."""
        free = Q(lease_until=None) | Q(lease_until__lte=Now())
        unclaimed = Q(claimed_at=None) | Q(claimed_at__lte=Now() - interval)
        return cls._default_manager.filter(free, Q(due_at__lte=Now()) | (Q(nudged_at__isnull=False) & unclaimed))

    @classmethod
    def claim(cls, pk: int, interval: timedelta = NUDGE_INTERVAL) -> Self | None:
        """Take the lease of a ready row, or None. One conditional UPDATE: of many claimers one wins.

        A crash right after it leaves the row due and the lease to run out: it is claimed again within 30 s.
        """
        token = uuid4()
        take, read = _claim(cls, interval)
        return read.first(pk, token) if take.run(pk, token) else None

    @property
    def was_nudged(self) -> bool:
        """Whether a hint led to this claim, rather than its time: such a row is due since the claim."""
        return self.due_at is not None and self.due_at == self.claimed_at

    def keep_lease(self) -> bool:
        """The heartbeat: 30 s more for who still holds the lease, or False. Dead leases stay dead."""
        return bool(_keep(type(self)).run(self.pk, self.lease_token)) if self.lease_token else False

    def held(self) -> models.QuerySet[Self]:
        """This row, if the lease is still ours."""
        return _held(type(self), self.pk, self.lease_token)

    def unmoved(self) -> models.QuerySet[Self]:
        """The same, if it has not been moved meanwhile: every write of the worker goes through this."""
        return self.held()

    def postpone(self, wait: timedelta | None, **changes: object) -> None:
        """Due again after `wait` (None: not until a verb says so), writing `changes` besides.

        `Stale`, and nothing written, if the lease is lost or the row was moved meanwhile.
        """
        if not self.unmoved().update(due_at=due_after(wait), **changes):
            raise Stale(f"{self} is no longer ours")

    def release(self) -> None:
        """Let go. A hint that came meanwhile stays."""
        if self.lease_token:
            _release(type(self)).run(self.pk, self.lease_token)

    def claimed_within(self, wait: timedelta) -> bool:
        """True if a worker claimed it within the last `wait`."""
        return type(self)._default_manager.filter(pk=self.pk, claimed_at__gt=Now() - wait).exists()

    def nudge(self) -> None:
        """A hint that something might have happened; never moves `due_at`."""
        type(self)._default_manager.filter(pk=self.pk).update(nudged_at=Now())
        self.wake()

    def wake(self) -> None:
        """Announce, after the commit, that this row can be ready. Unheard, it is found a little later."""
        transaction.on_commit(partial(woken.send, type(self), pk=self.pk), robust=True)


L = TypeVar("L", bound=Leased)


@lru_cache(maxsize=100)
def _claim(model: type[L], interval: timedelta) -> tuple[PreparedUpdate, Prepared[L]]:
    def taken(pk: int, token: UUID) -> tuple[models.QuerySet[L], dict[str, Any]]:
        return model.ready(interval).filter(pk=pk), {
            "lease_token": token,
            "lease_until": Now() + LEASE,
            "claimed_at": Now(),
            # Due all the while, so that a crash loses neither the due time nor the hint that is taken here.
            "due_at": Case(When(Q(due_at__lte=Now(), nudged_at=None), then=F("due_at")), default=Now()),
            "nudged_at": None,
            "announced_at": None,
            "claims": F("claims") + 1,
        }

    return PreparedUpdate(taken), Prepared(lambda pk, token: _held(model, pk, token))


@cache
def _keep(model: type[Leased]) -> PreparedUpdate:
    return PreparedUpdate(
        lambda pk, token: (_held(model, pk, token).filter(lease_until__gt=Now()), {"lease_until": Now() + LEASE})
    )


@cache
def _release(model: type[Leased]) -> PreparedUpdate:
    return PreparedUpdate(lambda pk, token: (_held(model, pk, token), {"lease_until": None, "lease_token": None}))


def _held(model: type[L], pk: int, token: UUID | None) -> models.QuerySet[L]:
    return model._default_manager.filter(pk=pk, lease_token=token)
