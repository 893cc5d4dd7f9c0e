"""Notifications as they are written: a row for the bell of each person, and a mail as that person chose.

Rows are written in the transaction of what they are about, or after it by whoever finds them missing: one event
notifies one person once, however often it is tried.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.notifications.models import (
    DAILY,
    Digest,
    Kind,
    MailChoice,
    Notification,
    Notifications,
    When,
    next_morning,
    unsubscribe_token,
)
from wanstudio.notifications.words import MailText, mail_foot, mail_of_one
from wanstudio.teams.models import Membership, Team
from wanstudio.teams.roles import Act, roles_with
from wanstudio.web.page_links import address_of, path_to
from wanstudio.work.mails import post_mail


@dataclass(frozen=True)
class Event:
    """One thing that happened in a team. `key` names it for good ("job 12 ready").

    `on`: the row whose page a click leads to; `path` instead, if that is a place within a page.
    """

    team: Team | int
    kind: Kind
    key: str
    title: str
    detail: str = ""
    on: models.Model | None = None
    path: str = ""


def notify(people: Iterable[User | int], event: Event) -> None:
    """Each of these who is in the team, once; an event with the same key again changes nothing.

    In the caller's transaction, together with the mail: a crash leaves both or neither.
    """
    ids = {person.pk if isinstance(person, User) else person for person in people}
    members = Membership.objects.filter(team=event.team, user__in=ids, user__is_active=True)
    facts = {
        "team_id": event.team.pk if isinstance(event.team, Team) else event.team,
        "kind": event.kind,
        "title": event.title[:300],
        "detail": event.detail[:600],
        "path": (event.path or path_to(event.on))[:300],
    }
    for member in members.select_related("user", "team").order_by("user"):
        row, is_new = Notification.objects.get_or_create(person=member.user, event=event.key[:100], defaults=facts)
        if is_new:
            _mail(row, member)


def notify_allowed(act: Act, event: Event, *, but: User | None = None) -> None:
    """Everyone in the team whose role allows this act; `but`: except who caused the event."""
    allowed = Membership.objects.filter(team=event.team, role__in=roles_with(act)).exclude(user=but)
    notify(allowed.values_list("user_id", flat=True), event)


def _mail(row: Notification, member: Membership) -> None:
    if row.kind == Kind.UNCONFIRMED and member.role == Membership.Role.OWNER:
        # The owner's alert says the same, by a mail of its own.
        return
    match MailChoice.of(member.user)[Kind(row.kind)]:
        case When.NOW:
            mail_person(member.user, row.kind, mail_of_one(row))
        case When.DAILY:
            Notification.objects.filter(pk=row.pk).update(in_next_digest=True)
            wake_digest(member)


def wake_digest(member: Membership) -> None:
    """Due the next morning, unless it is due already. The clock is this machine's: a minute does not matter here."""
    digest = Digest.objects.get_or_create(person=member.user)[0]
    # Locked: a worker that is emptying it just now would not see what this transaction adds.
    digest = Digest.objects.select_for_update().get(pk=digest.pk)
    if digest.due_at is None:
        Digest.objects.filter(pk=digest.pk).update(due_at=next_morning(member.team, timezone.now()))


def mail_person(person: User, what: str, mail: MailText) -> None:
    """A mail that its reader can stop: `what` is a kind of notification, or `daily`. In the caller's transaction."""
    if not settings.EMAIL_URL:
        return
    stop = address_of(reverse("unsubscribe", args=[unsubscribe_token(person, what)]))
    foot = mail_foot(stop, address_of(reverse("notifications.choices")))
    headers = {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    post_mail(to=person.email, subject=mail.subject, text=mail.text + foot, headers=headers)


def mark_read(rows: Notifications) -> None:
    """A crash leaves all of them read or none."""
    # By id: a query over the memberships cannot be updated everywhere.
    Notification.objects.filter(pk__in=list(rows.unread().values_list("pk", flat=True))).update(read_at=Now())


def choose_mail(person: User, kind: Kind, when: When) -> None:
    MailChoice.objects.update_or_create(person=person, kind=kind, defaults={"when": when})


def stop_mails(person: User, what: str) -> None:
    """No more mails of this kind; `daily`: of all that come once a day. A crash leaves some kinds of them stopped."""
    for kind, when in MailChoice.of(person).items():
        if kind == what or (what == DAILY and when == When.DAILY):
            choose_mail(person, kind, When.OFF)
