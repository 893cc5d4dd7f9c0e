"""What the studio itself tells people about their jobs. Each is called in the transaction of the move it tells."""

from typing import TYPE_CHECKING, Any

from django.urls import reverse

from wanstudio.models.job_states import Money
from wanstudio.models.mail_choice import Kind
from wanstudio.models.notification import Notification
from wanstudio.models.places import path_to
from wanstudio.roles import Act

if TYPE_CHECKING:
    from wanstudio.models.alarm import Alarm
    from wanstudio.models.job import Job


def ready(job: "Job | Any") -> None:
    cost = f"${job.price}. " if job.is_billed else ""
    _tell_maker(Kind.READY, job, f"“{job.title}” is ready.", f"{cost}Archived, verified.")


def failed(job: "Job | Any", money: Money, cause: str) -> None:
    """`cause`: why, in a sentence, or empty."""
    _tell_maker(Kind.FAILED, job, f"“{job.title}” has failed.", f"{cause} {_budget(job, money)}".strip())


def unconfirmed(job: "Job | Any") -> None:
    """Once for each try: after it was sent again, it may come to that again."""
    tries = job.submissions.count()
    _tell_maker(
        Kind.UNCONFIRMED,
        job,
        f"“{job.title}” may have been charged." if job.is_billed else f"“{job.title}” is unconfirmed.",
        f"We cannot tell whether it was taken. {_price(job)}It is never sent again by itself: decide on its page.",
        event=f"job {job.pk} unconfirmed {tries}",
    )


def alarmed(alarm: "Alarm", job: "Job | Any") -> None:
    """In the bell of the owners; their mail is the worker's, see worker/alarms.py."""
    title, detail = {
        "unsaved": (f"“{job.title}” cannot be saved.", "It is paid for, and we keep trying until APIXO deletes it."),
        "overdue": (f"“{job.title}” has no result after a day.", "Its price stays reserved, and we keep asking."),
        "unconfirmed": (f"“{job.title}” waits for a decision.", f"{_price(job)}Nothing is sent again by itself."),
    }.get(alarm.kind, ("Sending rests.", "The account refuses. Nothing is charged, and jobs wait in the queue."))
    event = f"alarm {alarm.subject} {alarm.raised_at:%Y%m%d%H%M}"
    path = reverse("settings.show") if alarm.kind == "paused" else path_to(job)
    Notification.tell_who_may(Act.KEY, Kind.ALARM, team=job.team, event=event, title=title, detail=detail, path=path)


def _tell_maker(kind: Kind, job: "Job | Any", title: str, detail: str, event: str = "") -> None:
    Notification.tell(
        kind,
        [job.person_id],
        team=job.team_id,
        event=event or f"job {job.pk} {kind}",
        title=title,
        detail=detail,
        on=job,
    )


def _price(job: "Job | Any") -> str:
    return f"Our price was ${job.price}. " if job.is_billed else ""


def _budget(job: "Job | Any", money: Money) -> str:
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
