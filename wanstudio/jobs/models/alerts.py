"""What the owner of a team has to know even if nobody looks at a page: told once by mail, where mail is set."""

from datetime import timedelta

from django.db import models
from django.utils import timezone

from wanstudio.work.leases import Leased

# A trouble that comes and goes is told about once in this time.
REST = timedelta(hours=6)


class Alarm(Leased):
    """One row a trouble of a team. Due: the worker tells the owner. The pages show the trouble itself, not this row.

    `subject` names the trouble for good: "unsaved 12", "paused <provider> no_balance".
    """

    class Kind(models.TextChoices):
        UNSAVED = "unsaved", "A finished video cannot be saved"
        OVERDUE = "overdue", "No result after a day"
        UNCONFIRMED = "unconfirmed", "It may have been charged, and a person decides"
        PAUSED = "paused", "The account refuses"

    team = models.ForeignKey("Team", on_delete=models.CASCADE, related_name="alarms")
    job = models.ForeignKey("Job", null=True, on_delete=models.CASCADE, related_name="alarms")
    kind = models.CharField(max_length=15, choices=Kind.choices)
    subject = models.CharField(max_length=100)
    raised_at = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "subject"], name="one_alarm_a_trouble")]

    def __str__(self) -> str:
        return f"alarm {self.subject}"
