"""What the studio itself tells people about their jobs. Each is called in the transaction of the move it tells."""

from django.urls import reverse
from django.utils import timezone

from wanstudio.activity.verbs import record
from wanstudio.jobs.models.alerts import Alarm
from wanstudio.jobs.models.job import Job
from wanstudio.money.models import Money
from wanstudio.notifications.models.mail_choices import Kind
from wanstudio.notifications.models.notification import Notification
from wanstudio.notifications.models.webhooks import Webhook
from wanstudio.teams.roles import Act
from wanstudio.web.row_links import address_of, path_to


def ready(job: Job) -> None:
    cost = f"${job.price}. " if job.is_billed else ""
    title = f"“{job.title}” is ready."
    _tell_maker(Kind.READY, job, title, f"{cost}Archived, verified.")
    _post("job.ready", job, title)


def failed(job: Job, money: Money, cause: str) -> None:
    """`cause`: why, in a sentence, or empty."""
    title, detail = f"“{job.title}” has failed.", f"{cause} {_budget(job, money)}".strip()
    _tell_maker(Kind.FAILED, job, title, detail)
    _post("job.failed", job, f"{title} {detail}", cause=cause)


def unconfirmed(job: Job) -> None:
    """Once for each try: after it was sent again, it may come to that again."""
    event = f"job {job.pk} unconfirmed {job.submissions.count()}"
    title = f"“{job.title}” may have been charged." if job.is_billed else f"“{job.title}” is unconfirmed."
    detail = f"We cannot tell whether it was taken. {_price(job)}It is never sent again by itself: decide on its page."
    _tell_maker(Kind.UNCONFIRMED, job, title, detail, event=event)
    _post("job.unconfirmed", job, f"{title} {detail}", event=event)


def alarmed(alarm: Alarm, job: Job) -> None:
    """In the bell of the owners; their mail is the worker's, see worker/alarms.py."""
    title, detail = {
        "unsaved": (f"“{job.title}” cannot be saved.", "It is paid for, and we keep trying until APIXO deletes it."),
        "overdue": (f"“{job.title}” has no result after a day.", "Its price stays reserved, and we keep asking."),
        "unconfirmed": (f"“{job.title}” waits for a decision.", f"{_price(job)}Nothing is sent again by itself."),
    }.get(alarm.kind, ("Sending rests.", "The account refuses. Nothing is charged, and jobs wait in the queue."))
    event = f"alarm {alarm.subject} {alarm.raised_at:%Y%m%d%H%M}"
    path = reverse("settings.show") if alarm.kind == "paused" else path_to(job)
    # Who made an unconfirmed one has been told so.
    but = job.person if alarm.kind == "unconfirmed" else None
    Notification.tell_who_may(
        Act.KEY, Kind.ALARM, team=job.team, event=event, title=title, detail=detail, path=path, but=but
    )


def webhook_is_off(hook: Webhook, why: str) -> None:
    """To the owners, in their bell and by mail."""
    record(team=hook.team_id, act="webhook.disabled", about=hook.host, on=hook)
    Notification.tell_who_may(
        Act.WEBHOOKS,
        Kind.WEBHOOK,
        team=hook.team_id,
        event=f"webhook {hook.pk} off {timezone.now():%Y%m%d%H%M}",
        title="The webhook is switched off.",
        detail=f"{why} Set it right and save it again.",
        path=path_to(hook),
    )


def _tell_maker(kind: Kind, job: Job, title: str, detail: str, event: str = "") -> None:
    Notification.tell(
        kind,
        [job.person_id],
        team=job.team_id,
        event=event or f"job {job.pk} {kind}",
        title=title,
        detail=detail,
        on=job,
    )


def _post(kind: str, job: Job, text: str, *, event: str = "", cause: str = "") -> None:
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
    Webhook.tell(job.team_id, kind, event=event or f"{kind} {job.pk}", text=f"{text} {page}", data=data)


def _price(job: Job) -> str:
    return f"Our price was ${job.price}. " if job.is_billed else ""


def _budget(job: Job, money: Money) -> str:
    if not job.is_billed:
        return "Sandbox: nothing is billed."
    match money:
        case Money.SETTLED:
            return f"It is paid for: ${job.price}, our price."
        case Money.ASSUMED:
            return f"The ${job.price} is back in your budget: we assume failed tasks are not billed."
        case Money.UNKNOWN:
            return f"It may have been charged; our price was ${job.price}."
        case _:
            return f"The ${job.price} is back in your budget."
