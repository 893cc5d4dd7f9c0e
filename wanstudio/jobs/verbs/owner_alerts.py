"""The raising of alerts: once for each problem of a job, and seldom for each pause of a key."""

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.jobs import job_notifications
from wanstudio.jobs.models.alerts import QUIET_FOR, Alert
from wanstudio.jobs.models.job import Job


def raise_alert(job: Job, kind: str) -> None:
    """This job has a problem: one alert. A crash right after it leaves the alert due."""
    defaults = {"kind": kind, "job_id": job.pk, "due_at": timezone.now()}
    with transaction.atomic():
        subject = f"{kind} {job.pk}"
        alert, is_new = Alert.objects.get_or_create(team_id=job.team_id, subject=subject, defaults=defaults)
        if is_new:
            job_notifications.alerted(alert, job)


def raise_key_alert(job: Job, pause: str) -> None:
    """The key pauses, as this job found out. Again only if the last time is 6 h ago."""
    subject = f"{Alert.Kind.PAUSED} {job.provider} {pause}"
    defaults = {"kind": Alert.Kind.PAUSED, "job_id": job.pk, "due_at": timezone.now()}
    with transaction.atomic():
        alert, is_new = Alert.objects.get_or_create(team_id=job.team_id, subject=subject, defaults=defaults)
        old = Q(pk=alert.pk, raised_at__lte=Now() - QUIET_FOR)
        again = {"raised_at": Now(), "notified_at": None, "job_id": job.pk, "due_at": Now(), "claims": 0}
        if is_new or Alert.objects.filter(old).update(**again):
            alert.refresh_from_db()
            job_notifications.alerted(alert, job)
