"""Sentences of notifications: the mails about them, how such mails are stopped, and what became of a webhook."""

from collections.abc import Sequence
from typing import NamedTuple

from django.template.defaultfilters import pluralize
from django.urls import reverse

from wanstudio.accounts.models import User
from wanstudio.notifications.models import DAILY, Kind, Notification
from wanstudio.teams.models import Team
from wanstudio.web.addresses import address_of

CHOICES_SAVED = "Saved."
WEBHOOK_SAVED = "Saved. Events in this team are now posted there."
WEBHOOK_REMOVED = "The webhook is removed. Nothing more is posted."
WEBHOOK_TESTED = "Sent. The answer appears below in a moment."
WEBHOOK_TEST = "A test from Wan Studio, sent by {person} of {team}."
WEBHOOK_SENT_AGAIN = "Sent again."
WEBHOOK_IS_OFF = "The webhook is disabled."
WEBHOOK_OFF_DETAIL = "{why} Fix the receiver and save the webhook again."
WEBHOOK_SAVE_TO_TEST = "The webhook is disabled. Save it again to enable it; nothing is lost."
WEBHOOK_GONE = "The receiver answered 410 (gone)."
WEBHOOK_SILENT = "Nothing has arrived there for five days."
PUSH_ADDED = "Notifications are on in this browser."
PUSH_REMOVED = "Removed. Nothing more is sent to that browser."
PUSH_REFUSED = "The push service answered {status}."
PUSH_BAD_KEYS = "The browser gave keys that cannot be used. Nothing was changed; reload the page and try again."
MAIL_FOOT = "\n-- \nStop these mails: {stop}\nEmail settings: {choose}\n"


class MailText(NamedTuple):
    subject: str
    text: str


def mail_of_one(row: Notification) -> MailText:
    """About one event. A mailbox gets no words of a team that is closed to its owner."""
    if not row.team.lets_in(row.person):
        return MailText(f"Notification from {row.team}", f"{_closed(row.team, 1)}\n")
    return MailText(row.title.rstrip("."), f"{_lines(row)}\n\n{address_of(row.path)}\n")


def mail_of_day(person: User, rows: Sequence[Notification]) -> MailText:
    """About all of these, the oldest first."""
    closed = {team for team in {row.team for row in rows} if not team.lets_in(person)}
    parts = [f"{_lines(row)}\n{address_of(row.path)}" for row in rows if row.team not in closed]
    for team in sorted(closed, key=str):
        parts.append(_closed(team, sum(row.team == team for row in rows)))
    subject = f"Your day in the studio: {len(rows)} notification{pluralize(len(rows))}"
    return MailText(subject, "\n\n".join(parts) + "\n")


def _closed(team: Team, count: int) -> str:
    """For a person without a second factor, who can see nothing of this team before they have one."""
    what = "Something" if count == 1 else f"{count} things"
    return (
        f"{what} happened in {team}. Sign in to see it. The team requires a second factor, and you have "
        f"none yet, so this mail has no details.\n{address_of(reverse('studio.index'))}"
    )


def _lines(row: Notification) -> str:
    """A line each: what someone wrote, a guest even, must not look like a part of the mail."""
    return "\n".join(" ".join(text.split()) for text in (row.title, row.detail) if text.strip())


def mails_of(what: str) -> str:
    """The mails that an unsubscribe link stops."""
    return "the daily mail" if what == DAILY else f"mails that say “{Kind(what).label}”"
