"""Worker heartbeats: one row per process, written every 5 s; and chores, such as the hourly sweep, one row each."""

from datetime import timedelta

from django.db import models
from django.db.models.functions import Now

from wanstudio.work.leases import Leased
from wanstudio.work.prepared import PreparedRows, PreparedUpdate

SILENT_AFTER = timedelta(seconds=30)
# A process that has died is listed for so long.
LISTED_FOR = timedelta(minutes=5)


class Heartbeat(models.Model):
    """One row a worker process, refreshed while it lives."""

    name = models.CharField(max_length=100, unique=True)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def beat(cls, name: str) -> None:
        if not _BEAT.run(name):
            cls.objects.update_or_create(name=name, defaults={"seen_at": Now()})
        if _DEAD.all():
            cls._dead().delete()

    @classmethod
    def _dead(cls) -> models.QuerySet["Heartbeat"]:
        return cls.objects.filter(seen_at__lt=Now() - LISTED_FOR)

    @classmethod
    def end(cls, name: str) -> None:
        """This worker has stopped in an orderly way, and does not count as silent."""
        cls.objects.filter(name=name).delete()

    @classmethod
    def age(cls) -> timedelta | None:
        """Time since the last beat of any worker, by the database's clock; None if there never was one."""
        newest = cls.objects.order_by("-seen_at").annotate(now=Now()).values_list("now", "seen_at").first()
        return newest[0] - newest[1] if newest else None

    @classmethod
    def alive(cls) -> bool:
        return _LIVING.first() is not None

    @classmethod
    def living(cls) -> models.QuerySet["Heartbeat"]:
        """Those seen within the last 30 s, by the database's clock."""
        return cls.objects.filter(seen_at__gte=Now() - SILENT_AFTER)


_BEAT = PreparedUpdate(lambda name: (Heartbeat.objects.filter(name=name), {"seen_at": Now()}))
_DEAD = PreparedRows(lambda: Heartbeat._dead().values_list("pk"))
_LIVING = PreparedRows(lambda: Heartbeat.living().values_list("pk")[:1])


class Chore(Leased):
    """One row a chore: the worker that claims it does it, and makes it due again."""

    SWEEP = "sweep"

    name = models.CharField(max_length=30, unique=True)

    def __str__(self) -> str:
        return f"chore {self.name}"

    @classmethod
    def enrol(cls, name: str) -> None:
        """Due from the first call on; later calls change nothing."""
        cls.objects.get_or_create(name=name, defaults={"due_at": Now()})
