"""Alerts to the owners of a team: one mail to each of them about a problem, once."""

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse

from wanstudio.jobs import verbs
from wanstudio.jobs.job_notifications import alert_mail
from wanstudio.jobs.models import Alert, Job, State
from wanstudio.keys.models import ProviderKey
from wanstudio.teams.models import Membership
from wanstudio.work.mails import post_mail


def raise_alerts(stepped: Job) -> None:
    """After a step of this job: what its row asks for. A crash before it: raised after the next step."""
    job = Job.objects.filter(pk=stepped.pk).first()
    if job is None:
        return
    if job.state == State.UNCERTAIN and job.ask_person:
        verbs.raise_alert(job, Alert.Kind.UNCONFIRMED)
    elif job.alerted_at:
        verbs.raise_alert(job, Alert.Kind.OVERDUE if job.state == State.RUNNING else Alert.Kind.UNSAVED)


def notify_owners(alert: Alert) -> None:
    """The owners' mails and what notes them, in one transaction: a crash leaves both or neither."""
    if alert.notified_at or not settings.EMAIL_URL or alert.job is None or _has_passed(alert, alert.job):
        return alert.postpone(None)
    with transaction.atomic():
        alert.postpone(None, notified_at=Now())
        owners = Membership.objects.filter(team=alert.team, role=Membership.Role.OWNER, user__is_active=True)
        for owner in owners.select_related("user").order_by("pk"):
            # To whom the team is closed for want of a second factor reads no more than that.
            is_open = alert.team.lets_in(owner.user)
            subject, text = alert_mail(alert, alert.job) if is_open else _closed_mail(alert)
            post_mail(to=owner.user.email, subject=subject, text=text)
    return None


def _closed_mail(alert: Alert) -> tuple[str, str]:
    return (
        f"Something in {alert.team} needs you",
        f"Something that concerns money happened in {alert.team}. Sign in to see it. The team asks for a second factor "
        f"at sign-in, and you have none yet, so this mail says no more:\n\n"
        f"{settings.LINK_BASE}{reverse('studio.index')}\n",
    )


def _has_passed(alert: Alert, job: Job) -> bool:
    """Whether there is nothing left to say."""
    match alert.kind:
        case Alert.Kind.PAUSED:
            return not ProviderKey.at(job.provider).pause
        case Alert.Kind.UNCONFIRMED:
            return job.state != State.UNCERTAIN
        case _:
            return job.alerted_at is None
