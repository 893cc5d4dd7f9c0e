"""The worker's steps for notifications: the daily mail of a person, and posts to a webhook.

Posts are signed as Standard Webhooks says, and tried again for most of a day.
"""

import time
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from standardwebhooks import Webhook as Signer

from wanstudio.encryption.encrypted_fields import Unreadable, decrypt
from wanstudio.media.errors import FetchError
from wanstudio.notifications.models import DAILY, Answer, Delivery, Digest, MailChoice, Notification, Webhook, When
from wanstudio.notifications.verbs import mail_person, switch_off
from wanstudio.notifications.words import WEBHOOK_GONE, WEBHOOK_IS_OFF, WEBHOOK_SILENT, mail_of_day
from wanstudio.web.addresses import fetcher
from wanstudio.work import registry

POST_S = 15.0
ANSWER_BYTES = 2000
# After the first post, and after each of these, the next one; then it is given up.
BACKOFF = (
    *(timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)),
    *(timedelta(hours=2), timedelta(hours=5), timedelta(hours=10)),
)
# Of a delivery that is sent again by hand over and over.
MAX_POSTS_KEPT = 50
OFF_AFTER = timedelta(days=5)


def send_digest(digest: Digest) -> None:
    """The mail's row and the rows it is about in one transaction: a crash, or a second worker, sends nothing twice."""
    person = digest.person
    with transaction.atomic():
        # First, so that a transaction that adds to it now waits for this one, and makes it due again.
        digest.postpone(None)
        ids = list(Notification.objects.filter(person=person, in_next_digest=True).values_list("pk", flat=True))
        # Neither of a team that the person has left meanwhile, nor of a kind that they have stopped.
        kinds = [kind for kind, when in MailChoice.of(person).items() if when != When.OFF]
        mine = Notification.objects.for_person(person).filter(pk__in=ids, kind__in=kinds)
        rows = list(mine.select_related("team").order_by("pk"))
        Notification.objects.filter(pk__in=ids).update(in_next_digest=False)
        if rows and person.is_active:
            mail_person(person, DAILY, mail_of_day(person, rows))


def deliver(delivery: Delivery) -> None:
    """One post. A crash after it arrived and before that is noted posts it once more, under the same id."""
    hook = delivery.webhook
    if delivery.arrived_at or delivery.gave_up_at:
        delivery.postpone(None)
        return
    is_off = hook.disabled_at is not None
    answer: Answer = {"code": None, "ms": 0, "problem": WEBHOOK_IS_OFF} if is_off else _post(delivery)
    posts, code = [*delivery.posts, {"at": timezone.now().isoformat(timespec="seconds"), **answer}], answer["code"]
    if code is not None and 200 <= code < 300:
        delivery.postpone(None, posts=posts, arrived_at=Now())
        Webhook.objects.filter(pk=hook.pk, failing_since__isnull=False).update(failing_since=None)
        return
    if not is_off:
        Webhook.objects.filter(pk=hook.pk).update(failing_since=Coalesce("failing_since", Now()))
    number = len(posts) - delivery.posts_before
    if is_off or code == 410 or number > len(BACKOFF):
        delivery.postpone(None, posts=posts[-MAX_POSTS_KEPT:], gave_up_at=Now())
    else:
        delivery.postpone(BACKOFF[number - 1], posts=posts)
    hook.refresh_from_db()
    if code == 410:
        switch_off(hook, WEBHOOK_GONE)
    elif hook.failing_since and timezone.now() - hook.failing_since > OFF_AFTER:
        switch_off(hook, WEBHOOK_SILENT)


def _post(delivery: Delivery) -> Answer:
    began = time.monotonic()
    code, problem = None, ""
    try:
        url, body, headers = delivery.webhook.url, delivery.body.encode(), _headers(delivery)
        answer = fetcher().post(url, body, headers, deadline_s=POST_S, max_bytes=ANSWER_BYTES)
        code = answer.status
        if not 200 <= code < 300:
            problem = answer.body.decode(errors="replace").replace("\0", "")[:300]
    except (FetchError, Unreadable) as wrong:
        problem = str(wrong)
    return {"code": code, "ms": round(1000 * (time.monotonic() - began)), "problem": problem}


def _headers(delivery: Delivery) -> dict[str, str]:
    """Signed with the secret, and for a day after a rotation with the one before it, too."""
    hook, now, message = delivery.webhook, timezone.now(), f"msg_{delivery.message.hex}"
    secrets = [hook.secret]
    if hook.old_secret and hook.old_secret_until and hook.old_secret_until > now:
        secrets.append(hook.old_secret)
    signatures = [Signer(decrypt(secret)).sign(message, now, delivery.body) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


registry.register(Digest, send_digest)
registry.register(Delivery, deliver)
