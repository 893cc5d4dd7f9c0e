"""The outgoing webhook of a team: set up, changed, and each event on its way there."""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.encryption.encrypted_fields import encrypt
from wanstudio.notifications.models import Delivery, Kind, Webhook
from wanstudio.notifications.verbs.notify import Event, notify_allowed
from wanstudio.notifications.words import WEBHOOK_IS_OFF, webhook_off_detail
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.web.page_links import path_to

# After a rotation the old secret still signs, beside the new one.
OLD_SECRET_SIGNS_FOR = timedelta(hours=24)
SECRET_BYTES = 32


@dataclass(frozen=True)
class Post:
    """One event as a webhook reads it: a dotted `kind` (`job.ready`), a `key` that names it for good, JSON `data`."""

    kind: str
    key: str
    text: str
    data: Mapping[str, object] = field(default_factory=dict)


def post_to_webhook(team: Team | int, post: Post) -> Delivery | None:
    """Posted to the team's webhook, if it has one that is on. The same key again changes nothing.

    In the caller's transaction: a crash leaves the delivery with what it is about, or neither.
    """
    hook = Webhook.objects.filter(team=team, disabled_at=None).first()
    if hook is None:
        return None
    now = timezone.now()
    body = {"type": post.kind, "timestamp": now.isoformat(), "text": slack(post.text), "data": dict(post.data)}
    facts = {"kind": post.kind, "body": json.dumps(body, ensure_ascii=False), "due_at": now}
    delivery, is_new = Delivery.objects.get_or_create(webhook=hook, event=post.key[:100], defaults=facts)
    if is_new:
        delivery.wake()
    return delivery


def slack(text: str) -> str:
    """As Slack wants its text: a name with `<!channel>` in it must call nobody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def set_up_webhook(team: Team, url: str, *, by: User) -> str:
    """To this address from now on, and switched on. Returns the secret if it is a new one, else nothing."""
    secret = _new_secret()
    with transaction.atomic():
        hook, is_new = Webhook.objects.get_or_create(team=team, defaults={"url": url, "secret": encrypt(secret)})
        again = {"url": url, "disabled_at": None, "disabled_why": "", "failing_since": None}
        Webhook.objects.filter(pk=hook.pk).update(**again)
        hook.url = url
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


def note_arrival(hook: Webhook) -> None:
    Webhook.objects.filter(pk=hook.pk, failing_since__isnull=False).update(failing_since=None)


def note_failure(hook: Webhook) -> None:
    """Keeps since when nothing has arrived."""
    Webhook.objects.filter(pk=hook.pk).update(failing_since=Coalesce("failing_since", Now()))


def switch_off(hook: Webhook, why: str) -> None:
    """Off, and the owners notified, in one transaction. What is still on its way is given up as it comes due."""
    with transaction.atomic():
        on = Webhook.objects.filter(pk=hook.pk, disabled_at=None)
        if not on.update(disabled_at=Now(), disabled_why=why[:300]):
            return
        record("webhook.disabled", team=hook.team_id, about=hook.host, on=hook)
        event = Event(
            hook.team_id,
            Kind.WEBHOOK,
            f"webhook {hook.pk} off {timezone.now():%Y%m%d%H%M}",
            WEBHOOK_IS_OFF,
            webhook_off_detail(why),
            path=path_to(hook),
        )
        notify_allowed(Act.WEBHOOKS, event)


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
