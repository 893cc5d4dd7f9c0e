"""Notifications about jobs: each is written in the transaction of the move that it is about."""

from django.urls import reverse

from wanstudio.jobs.models import Alert, Job
from wanstudio.jobs.words import money_sentence
from wanstudio.keys.models import ProviderKey
from wanstudio.keys.words import pause_fact
from wanstudio.notifications.models import Kind
from wanstudio.notifications.verbs import Event, has_webhook, notify, notify_allowed, post_to_webhook
from wanstudio.provider import providers
from wanstudio.teams.roles import Act
from wanstudio.web.addresses import address_of, path_to


def ready(job: Job) -> None:
    cost = f"${job.price}. " if job.is_billed else ""
    title = f"“{job.title}” is ready."
    _notify_maker(Kind.READY, job, title, f"{cost}Archived, verified.")
    _post("job.ready", job, title)


def failed(job: Job, cause: str) -> None:
    """`cause`: why, in a sentence, or empty."""
    title, detail = f"“{job.title}” has failed.", f"{cause} {money_sentence(job)}".strip()
    _notify_maker(Kind.FAILED, job, title, detail)
    _post("job.failed", job, f"{title} {detail}", cause=cause)


def unconfirmed(job: Job) -> None:
    """Once for each attempt: after it was sent again, it can come to that again."""
    event = f"job {job.pk} unconfirmed {job.submissions.count()}"
    title = f"“{job.title}” might have been charged." if job.is_billed else f"“{job.title}” is unconfirmed."
    detail = (
        f"We don’t know whether it was accepted. {_price(job)}It is never sent again automatically. Decide on its page."
    )
    _notify_maker(Kind.UNCONFIRMED, job, title, detail, event=event)
    _post("job.unconfirmed", job, f"{title} {detail}", event=event)


def alerted(alert: Alert, job: Job) -> None:
    """In the bell of the owners; their mail is the worker's, see steps."""
    maker = providers.get(job.provider).display_name
    title, detail = {
        "unsaved": (f"“{job.title}” cannot be saved.", f"It was charged. We keep trying until {maker} deletes it."),
        "overdue": (f"“{job.title}” has no result after a day.", "Its price stays reserved. We keep asking."),
        "unconfirmed": (f"“{job.title}” needs a decision.", f"{_price(job)}It is never sent again automatically."),
    }.get(
        alert.kind, ("Sending is paused.", f"{maker} rejects the account. Nothing is charged; jobs wait in the queue.")
    )
    event = f"alarm {alert.subject} {alert.raised_at:%Y%m%d%H%M}"
    path = reverse("settings.show") if alert.kind == "paused" else path_to(job)
    # The maker of an unconfirmed one is notified already.
    but = job.person if alert.kind == "unconfirmed" else None
    notify_allowed(Act.KEY, Event(job.team, Kind.ALERT, event, title, detail, path=path), but=but)


def alert_mail(alert: Alert, job: Job) -> tuple[str, str]:
    """Subject and text: what happened, what it means for the money, what to do, and where."""
    page, provider = address_of(path_to(job)), providers.get(job.provider)
    name = provider.display_name
    match alert.kind:
        case Alert.Kind.UNSAVED:
            until = f"{job.expires_at:%-d %b, %H:%M} UTC" if job.expires_at else "a day after it was made"
            return (
                f"A finished video cannot be saved: {job.title}",
                f"“{job.title}” is finished and charged (${job.price}), but its download keeps failing. We keep "
                f"trying until {name} deletes it: {until}. You can try now, or save it by hand:\n\n{page}\n",
            )
        case Alert.Kind.OVERDUE:
            return (
                f"No result after a day: {job.title}",
                f"{provider.opening_name} accepted “{job.title}” a day ago and has not finished it. Its ${job.price} "
                f"stays reserved. We keep asking. Look up task {job.task_id} in {name}’s dashboard:\n\n{page}\n",
            )
        case Alert.Kind.UNCONFIRMED:
            return (
                f"${job.price} might have been charged: {job.title}",
                f"We don’t know whether {name} accepted “{job.title}”. It might have been charged; our price was "
                f"${job.price}. It is never sent again automatically. Decide here:\n\n{page}\n",
            )
        case _:
            pause = pause_fact(job.provider, ProviderKey.at(job.provider).pause) or "The account is rejected"
            return (
                f"Sending is paused: {pause}",
                f"{pause}. Nothing was charged. Jobs wait in the queue and are sent automatically once this is "
                f"settled:\n\n{address_of(reverse('settings.show'))}\n",
            )


def _notify_maker(kind: Kind, job: Job, title: str, detail: str, event: str = "") -> None:
    notify([job.person_id], Event(job.team_id, kind, event or f"job {job.pk} {kind}", title, detail, on=job))


def _post(kind: str, job: Job, text: str, *, event: str = "", cause: str = "") -> None:
    if not has_webhook(job.team_id):
        return
    page = address_of(path_to(job))
    data = {
        "job": job.pk,
        "video": job.video_id,
        "title": job.title,
        "person": str(job.person),
        "behaviour": job.behaviour,
        "resolution": job.resolution,
        "price": str(job.price),
        "provider": job.provider,
        "cause": cause,
        "url": page,
    }
    post_to_webhook(job.team_id, kind, event or f"{kind} {job.pk}", f"{text} {page}", data)


def _price(job: Job) -> str:
    return f"Our price was ${job.price}. " if job.is_billed else ""
