"""Who did what: one row an act, never changed again.

A row is written in the transaction of what it tells, so that a crash leaves both or neither.
"""

from datetime import timedelta
from typing import Any, ClassVar, NoReturn

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.append_only import AppendOnly

# What only an owner sees: who signs in from where, and what moves the locks.
OWNERS_ONLY = ("signin", "signout", "mfa", "passkey", "password", "email", "key", "session")
# Of wrong sign-ins from one address, more than these an hour add rows and no knowledge.
MOST_FAILURES_AN_HOUR = 20


class Activities(models.QuerySet["Activity"]):
    """Reads and appends. The database refuses the rest, too: see ledger_lock.py."""

    def update(self, **changes: Any) -> NoReturn:
        raise AppendOnly("an activity is never changed")

    def delete(self) -> NoReturn:
        raise AppendOnly("an activity is never deleted")

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("an activity is never changed")


class Activity(models.Model):
    """`act` is a dotted verb (`job.made`), `about` the name of what it was done to, as it was called then.

    Team and person are named without the database's care: a row outlives both. `team` null: it concerns the machine, or
    a person and no team. `who` is the name as it was; a guest or the studio itself has no more than that.
    """

    team = models.ForeignKey(
        "Team", null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="activities"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="activities"
    )
    who = models.CharField(max_length=200)
    act = models.CharField(max_length=40)
    about = models.CharField(max_length=300, blank=True)
    thing = models.CharField(max_length=30, blank=True, help_text="The model of what it is about.")
    thing_id = models.BigIntegerField(null=True)
    ip = models.GenericIPAddressField(null=True)
    at = models.DateTimeField(db_default=Now())

    objects: ClassVar[Activities] = Activities.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["team", "-id"], name="activity_newest"),
            models.Index(fields=["person", "-id"], name="activity_of_person"),
            models.Index(fields=["ip", "at"], name="activity_from"),
        ]

    def __str__(self) -> str:
        return f"{self.act} by {self.who}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly("an activity is never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("an activity is never deleted")

    @classmethod
    def note(
        cls,
        *,
        act: str,
        team: models.Model | int | None = None,
        person: models.Model | None = None,
        about: str = "",
        on: models.Model | None = None,
        who: str = "",
        ip: str | None = None,
    ) -> None:
        """One row, in the caller's transaction. `on`: the row it was done to, for a link. `ip` only for sign-ins.

        Without a person `who` is the name of a guest; empty, it was the studio itself.
        """
        cls.objects.create(
            team_id=team.pk if isinstance(team, models.Model) else team,
            person_id=person.pk if person else None,
            who=_line(who or str(person or "Wan Studio"))[:200],
            act=act[:40],
            about=_line(about)[:300],
            thing=on._meta.model_name or "" if on else "",
            thing_id=on.pk if on else None,
            ip=ip or None,
        )

    @classmethod
    def note_failure(cls, *, person: models.Model | None, who: str, ip: str | None) -> None:
        """A sign-in that went wrong; of many from one address only the first of an hour."""
        act, since = "signin.failed", timezone.now() - timedelta(hours=1)
        if cls.objects.filter(ip=ip or None, at__gt=since, act=act).count() < MOST_FAILURES_AN_HOUR:
            cls.note(act=act, person=person, who=who, ip=ip)


def _line(text: str) -> str:
    """On one line, and without the NUL that PostgreSQL refuses."""
    return " ".join(text.replace("\0", "").split())
