"""The history of jobs: each transition, who was served last, for fair shares, and alerts, sent once by mail."""

from datetime import timedelta

from django.db import models
from django.utils import timezone

from wanstudio.work.leases import Leased


class Transition(models.Model):
    job = models.ForeignKey("Job", on_delete=models.CASCADE, related_name="transitions")
    at = models.DateTimeField(default=timezone.now)
    from_state = models.CharField(max_length=12, blank=True)
    to_state = models.CharField(max_length=12)
    why = models.CharField(max_length=300, blank=True)

    # Read by `visible_timelines` besides.
    role: str
    has_earlier: bool

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.from_state} → {self.to_state}"


class FairShare(models.Model):
    """When a person last had a job sent: one row a person, team and provider."""

    provider = models.CharField(max_length=20)
    team = models.ForeignKey("Team", on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey("User", on_delete=models.CASCADE, related_name="+")
    sent_at = models.DateTimeField()

    class Meta:
        db_table = "wanstudio_turn"
        constraints = [models.UniqueConstraint(fields=["provider", "team", "person"], name="one_turn_a_person")]

    def __str__(self) -> str:
        return f"fair share of {self.person_id} at {self.provider}"


# Of a problem that comes and goes one alert is sent in this time.
QUIET_FOR = timedelta(hours=6)


class Alert(Leased):
    """One row a problem of a team. Due: the worker mails the owner. The pages show the problem itself, not this row.

    `subject` names the problem for good: "unsaved 12", "paused <provider> no_balance".
    """

    class Kind(models.TextChoices):
        UNSAVED = "unsaved", "A finished video cannot be saved"
        OVERDUE = "overdue", "No result after a day"
        UNCONFIRMED = "unconfirmed", "It might have been charged, and a person decides"
        PAUSED = "paused", "The account is rejected"

    team = models.ForeignKey("Team", on_delete=models.CASCADE, related_name="alerts")
    job = models.ForeignKey("Job", null=True, on_delete=models.CASCADE, related_name="alerts")
    kind = models.CharField(max_length=15, choices=Kind.choices)
    subject = models.CharField(max_length=100)
    raised_at = models.DateTimeField(default=timezone.now)
    notified_at = models.DateTimeField(null=True)

    class Meta(Leased.Meta):
        db_table = "wanstudio_alarm"
        constraints = [models.UniqueConstraint(fields=["team", "subject"], name="one_alarm_a_trouble")]

    def __str__(self) -> str:
        return f"alert {self.subject}"
