"""Verbs of notifications: a row for the bell of each person, a mail as they chose, and posts to a team's webhook.

Rows are written in the transaction of what they are about, or later by a step that finds them missing: one event
notifies one person once, and is posted once, however often it is tried.
"""

import base64
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from html import escape

from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.encryption.encrypted_fields import encrypt
from wanstudio.notifications import words
from wanstudio.notifications.models import (
    DAILY,
    Delivery,
    Digest,
    Kind,
    MailChoice,
    Notification,
    Notifications,
    Webhook,
    When,
    next_morning,
    unsubscribe_token,
)
from wanstudio.notifications.push_devices import push
from wanstudio.teams.models import Membership, Team
from wanstudio.teams.roles import Act, roles_with
from wanstudio.web.addresses import address_of, path_to
from wanstudio.work.mails import post_mail
from wanstudio.work.prepared import PreparedRows

# After a rotation the old secret still signs, beside the new one.
OLD_SECRET_SIGNS_FOR = timedelta(hours=24)
SECRET_BYTES = 32


@dataclass(frozen=True)
class Event:
    """`key` names for good what happened ("job 12 ready"). A click leads to the page of `on`, or to `path` if given."""

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
        when = _when(event.kind, member)
        defaults = {**facts, "in_next_digest": when == When.DAILY}
        row, is_new = Notification.objects.get_or_create(person=member.user, event=event.key[:100], defaults=defaults)
        if is_new:
            push(row)
        if is_new and when == When.NOW:
            mail_person(member.user, row.kind, words.mail_of_one(row))
        elif is_new and when == When.DAILY:
            wake_digest(member)


def notify_allowed(act: Act, event: Event, *, but: User | None = None) -> None:
    """Everyone in the team whose role allows this act; `but`: except who caused the event."""
    allowed = Membership.objects.filter(team=event.team, role__in=roles_with(act)).exclude(user=but)
    notify(allowed.values_list("user_id", flat=True), event)


def _when(kind: Kind, member: Membership) -> When:
    if kind == Kind.UNCONFIRMED and member.role == Membership.Role.OWNER:
        # The owner's alert says the same, by a separate mail.
        return When.OFF
    return MailChoice.of(member.user)[kind]


def wake_digest(member: Membership) -> None:
    """Due the next morning, unless it is due already. The clock is this machine's: a minute does not matter here."""
    # Locked: a worker that is emptying it just now would not see what this transaction adds.
    digest = Digest.objects.select_for_update().get_or_create(person=member.user)[0]
    if digest.due_at is None:
        Digest.objects.filter(pk=digest.pk).update(due_at=next_morning(member.team, timezone.now()))


def mail_person(person: User, what: str, mail: words.MailText) -> None:
    """A mail that its reader can stop: `what` is a kind of notification, or `daily`. In the caller's transaction."""
    if not settings.EMAIL_URL:
        return
    stop = address_of(reverse("unsubscribe", args=[unsubscribe_token(person, what)]))
    foot = words.MAIL_FOOT.format(stop=stop, choose=address_of(reverse("notifications.choices")))
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


def has_webhook(team: Team | int) -> bool:
    """Whether it has one that is on."""
    return bool(_HOOK.all(team.pk if isinstance(team, Team) else team))


_HOOK = PreparedRows(lambda team: Webhook.objects.filter(team=team, disabled_at=None).values_list("pk"))


def post_to_webhook(
    team: Team | int, kind: str, key: str, text: str, data: Mapping[str, object] | None = None
) -> Delivery | None:
    """Posted to the team's webhook, if it has one that is on. The same key again changes nothing.

    `kind` is dotted (`job.ready`), `key` names the event for good, `data` is JSON. In the caller's transaction: a
    crash leaves the delivery with what it is about, or neither.
    """
    hook = Webhook.objects.filter(team=team, disabled_at=None).first()
    if hook is None:
        return None
    now = timezone.now()
    # As Slack wants its text: a name with `<!channel>` in it must call no one.
    body = {"type": kind, "timestamp": now.isoformat(), "text": escape(text, quote=False), "data": data or {}}
    facts = {"kind": kind, "body": json.dumps(body, ensure_ascii=False), "due_at": now}
    delivery, is_new = Delivery.objects.get_or_create(webhook=hook, event=key[:100], defaults=facts)
    if is_new:
        delivery.wake()
    return delivery


def set_up_webhook(team: Team, url: str, *, by: User) -> str:
    """To this address from now on, and switched on. Returns the secret if it is a new one, else nothing."""
    secret = _new_secret()
    with transaction.atomic():
        again = {"url": url, "disabled_at": None, "disabled_why": "", "failing_since": None}
        first = {"url": url, "secret": encrypt(secret)}
        hook, is_new = Webhook.objects.update_or_create(team=team, defaults=again, create_defaults=first)
        record("webhook.set", team=team, person=by, about=hook.host, on=hook)
    return secret if is_new else ""


def rotate_secret(hook: Webhook, *, by: User) -> str:
    """A new secret, returned this once; the old one signs too for a day, so that the receiver can change over."""
    secret = _new_secret()
    with transaction.atomic():
        before = Webhook.objects.select_for_update().get(pk=hook.pk).secret
        Webhook.objects.filter(pk=hook.pk).update(
            secret=encrypt(secret), old_secret=before, old_secret_until=Now() + OLD_SECRET_SIGNS_FOR
        )
        record("webhook.rotated", team=hook.team_id, person=by, about=hook.host, on=hook)
    return secret


def remove_webhook(hook: Webhook, *, by: User) -> None:
    with transaction.atomic():
        record("webhook.removed", team=hook.team_id, person=by, about=hook.host)
        hook.delete()


def send_again(delivery: Delivery, *, by: User) -> None:
    """Once more from the start, by hand, whether it arrived or not. The receiver knows it by its id."""
    hook = delivery.webhook
    with transaction.atomic():
        rows = Delivery.objects.filter(pk=delivery.pk)
        rows.update(due_at=Now(), arrived_at=None, gave_up_at=None, posts_before=len(delivery.posts))
        record("webhook.redelivered", team=hook.team_id, person=by, about=delivery.kind, on=hook)
        delivery.wake()


def switch_off(hook: Webhook, why: str) -> None:
    """Off, and the owners notified, in one transaction. What is still on its way is given up as it comes due."""
    with transaction.atomic():
        on = Webhook.objects.filter(pk=hook.pk, disabled_at=None)
        if not on.update(disabled_at=Now(), disabled_why=why[:300]):
            return
        record("webhook.disabled", team=hook.team_id, about=hook.host, on=hook)
        key, detail = f"webhook {hook.pk} off {timezone.now():%Y%m%d%H%M}", words.WEBHOOK_OFF_DETAIL.format(why=why)
        notify_allowed(Act.WEBHOOKS, Event(hook.team_id, Kind.WEBHOOK, key, words.WEBHOOK_IS_OFF, detail, on=hook))


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
