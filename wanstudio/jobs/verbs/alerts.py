"""The verbs of alerts: what an owner has to know. Each is written in the transaction of what it is about."""

from django.db import transaction
from django.db.models.functions import Now

from wanstudio.jobs import job_notifications
from wanstudio.jobs.models import QUIET_FOR, Alert, Job


def raise_alert(job: Job, kind: str, pause: str = "") -> None:
    """One alert for this problem; for a pause of the key again only after 6 h. A crash right after it leaves it due."""
    subject = f"{kind} {job.provider} {pause}" if pause else f"{kind} {job.pk}"
    defaults = {"kind": kind, "job_id": job.pk, "due_at": Now()}
    with transaction.atomic():
        alert, is_new = Alert.objects.get_or_create(team_id=job.team_id, subject=subject, defaults=defaults)
        old = Alert.objects.filter(pk=alert.pk, raised_at__lte=Now() - QUIET_FOR)
        again = {"raised_at": Now(), "notified_at": None, "job_id": job.pk, "due_at": Now(), "claims": 0}
        if is_new or (pause and old.update(**again)):
            alert.refresh_from_db()
            job_notifications.alerted(alert, job)


def person_must_decide(job: Job) -> None:
    """Finally unconfirmed: its maker and the owners are notified.

    Never in a separate step: such a job is not due, so nothing would make up for what a crash left out.
    """
    job_notifications.unconfirmed(job)
    raise_alert(job, Alert.Kind.UNCONFIRMED)
