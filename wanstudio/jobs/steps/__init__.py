"""The worker's steps for jobs, their attempts and alerts; archiving a finished one is registered by `videos`."""

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse

from wanstudio.jobs import sent_marks
from wanstudio.jobs.job_notifications import alert_mail
from wanstudio.jobs.models import Alert, Attempt, Job, State
from wanstudio.jobs.steps import polling, queue_update, submission, uncertain
from wanstudio.keys.models import ProviderKey, StudioKey
from wanstudio.teams.models import Membership
from wanstudio.web.addresses import address_of
from wanstudio.work import registry
from wanstudio.work.mails import post_mail
from wanstudio.work.prepared import PreparedRows


def newest_attempt(job: Job) -> dict[str, object]:
    attempt = _NEWEST.first(job.pk)
    return {"attempt": attempt[0]} if attempt else {}


_NEWEST = PreparedRows(lambda pk: Attempt.objects.filter(job=pk).order_by("-pk").values_list("pk")[:1])


def before_looking() -> None:
    queue_update.update_all()
    sent_marks.note_newest()


def update_queue(job: Job, state_before: str) -> None:
    """After a step that might have freed a slot, or taken one."""
    if state_before == State.QUEUED or job.state != state_before:
        queue_update.update(job.provider)


def update_queue_of_key(key: ProviderKey | StudioKey, state_before: str) -> None:
    """After a step that might have lifted a pause."""
    queue_update.update(key.provider)


def notify_owners(alert: Alert) -> None:
    """The owners' mails and what notes them, in one transaction: a crash leaves both or neither."""
    if alert.notified_at or not settings.EMAIL_URL or alert.job is None or _has_passed(alert, alert.job):
        return alert.postpone(None)
    with transaction.atomic():
        alert.postpone(None, notified_at=Now())
        owners = Membership.objects.filter(team=alert.team, role=Membership.Role.OWNER, user__is_active=True)
        for owner in owners.select_related("user").order_by("pk"):
            # A person whom the team does not admit for lack of a second factor gets no details.
            is_open = alert.team.lets_in(owner.user)
            subject, text = alert_mail(alert, alert.job) if is_open else _closed_mail(alert)
            post_mail(to=owner.user.email, subject=subject, text=text)
    return None


def _closed_mail(alert: Alert) -> tuple[str, str]:
    return (
        f"Something in {alert.team} needs you",
        f"Something about money happened in {alert.team}. Sign in to see it. The team asks for a second factor "
        f"at sign-in, and you have none yet, so this mail has no details:\n\n"
        f"{address_of(reverse('studio.index'))}\n",
    )


def _has_passed(alert: Alert, job: Job) -> bool:
    match alert.kind:
        case Alert.Kind.PAUSED:
            return not ProviderKey.at(job.provider).pause
        case Alert.Kind.UNCONFIRMED:
            return job.state != State.UNCERTAIN
        case _:
            return job.alerted_at is None


registry.register(Job, submission.send, State.QUEUED)
registry.register(Job, uncertain.worker_died, State.SUBMITTING)
registry.register(Job, uncertain.settle, State.UNCERTAIN)
registry.register(Job, polling.poll, State.RUNNING)
registry.kind_of(Job).before_looking = before_looking
registry.kind_of(Job).log_names = newest_attempt
registry.kind_of(Job).after_release = update_queue
registry.kind_of(ProviderKey).after_release = update_queue_of_key
registry.kind_of(StudioKey).after_release = update_queue_of_key
registry.register(Attempt, uncertain.look_for_orphan)
registry.register(Alert, notify_owners)
