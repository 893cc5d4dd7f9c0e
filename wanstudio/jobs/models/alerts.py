"""What the owner of a team has to know even if nobody looks at a page: told once by mail, where mail is set."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.jobs import job_notifications as news
from wanstudio.work.leases import Leased

if TYPE_CHECKING:
    from wanstudio.jobs.models.job import Job

# A trouble that comes and goes is told about once in this time.
REST = timedelta(hours=6)


class Alarm(Leased):
    """One row a trouble of a team. Due: the worker tells the owner. The pages show the trouble itself, not this row.

    `subject` names the trouble for good: "unsaved 12", "paused apixo no_balance".
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

    @classmethod
    def about(cls, job: "Job", kind: str) -> None:
        """This job is in trouble: told once. A crash right after it leaves the alarm due."""
        defaults = {"kind": kind, "job_id": job.pk, "due_at": timezone.now()}
        with transaction.atomic():
            subject = f"{kind} {job.pk}"
            alarm, is_new = cls.objects.get_or_create(team_id=job.team_id, subject=subject, defaults=defaults)
            if is_new:
                news.alarmed(alarm, job)

    @classmethod
    def about_key(cls, job: "Job", pause: str) -> None:
        """The key pauses, as this job found out. Told again only if the last time is 6 h ago."""
        subject = f"{cls.Kind.PAUSED} {job.provider} {pause}"
        defaults = {"kind": cls.Kind.PAUSED, "job_id": job.pk, "due_at": timezone.now()}
        with transaction.atomic():
            alarm, is_new = cls.objects.get_or_create(team_id=job.team_id, subject=subject, defaults=defaults)
            old = Q(pk=alarm.pk, raised_at__lte=Now() - REST)
            again = {"raised_at": Now(), "told_at": None, "job_id": job.pk, "due_at": Now(), "attempts": 0}
            if is_new or cls.objects.filter(old).update(**again):
                alarm.refresh_from_db()
                news.alarmed(alarm, job)
