"""Activity: one row per act, never changed."""

from typing import ClassVar

from django.conf import settings
from django.db import connection, models
from django.db.models.functions import Now

from wanstudio.append_only import AppendOnlyModel, AppendOnlyRows

# What only an owner sees: who signs in from where, and what moves the locks.
OWNERS_ONLY = ("signin", "signout", "mfa", "passkey", "password", "email", "key", "session")


class Group(models.Func):
    """The first part of an act, as `job` of `job.made`. Without parameters, so that a query names what is indexed."""

    template = {
        "sqlite": "substr(%(expressions)s, 1, instr(%(expressions)s || '.', '.') - 1)",
        "postgresql": "split_part(%(expressions)s, '.', 1)",
    }[connection.vendor]
    output_field = models.CharField()


class Activity(AppendOnlyModel):
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

    objects: ClassVar[AppendOnlyRows["Activity"]] = AppendOnlyRows.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["team", "at", "id"], name="activity_in_time"),
            models.Index(fields=["team", "person", "at", "id"], name="activity_by_person"),
            models.Index("team", Group("act"), "at", "id", name="activity_in_group"),
            models.Index(fields=["ip", "at"], name="activity_from"),
        ]

    def __str__(self) -> str:
        return f"{self.act} by {self.who}"
