"""Posting of events to a team's webhook: signed as Standard Webhooks says, tried again for most of a day."""

import time
from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone
from standardwebhooks import Webhook as Signer

from wanstudio.encryption.encrypted_fields import Unreadable, decrypt
from wanstudio.media.fetch import FetchError
from wanstudio.notifications.models.webhooks import Answer, Delivery
from wanstudio.notifications.verbs.webhook_changes import note_arrival, note_failure, switch_off
from wanstudio.notifications.words import WEBHOOK_GONE, WEBHOOK_IS_OFF, WEBHOOK_SILENT
from wanstudio.web.fetchers import peoples_fetcher

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


def deliver(delivery: Delivery) -> None:
    """One post. A crash after it arrived and before that is noted posts it once more, under the same id."""
    hook = delivery.webhook
    if delivery.arrived_at or delivery.gave_up_at:
        return delivery.postpone(None)
    if hook.disabled_at:
        return _note_failed(delivery, {"code": None, "ms": 0, "problem": WEBHOOK_IS_OFF}, over=True)
    answer = _post(delivery)
    code = answer["code"]
    if code is not None and 200 <= code < 300:
        delivery.postpone(None, posts=_with(delivery, answer), arrived_at=Now())
        return note_arrival(hook)
    note_failure(hook)
    _note_failed(delivery, answer, over=code == 410)
    hook.refresh_from_db()
    if code == 410:
        switch_off(hook, WEBHOOK_GONE)
    elif hook.failing_since and timezone.now() - hook.failing_since > OFF_AFTER:
        switch_off(hook, WEBHOOK_SILENT)
    return None


def _post(delivery: Delivery) -> Answer:
    began = time.monotonic()
    code, problem = None, ""
    try:
        code, answer = peoples_fetcher().post(
            delivery.webhook.url,
            delivery.body.encode(),
            _headers(delivery),
            deadline_s=POST_S,
            max_bytes=ANSWER_BYTES,
        )
        if not 200 <= code < 300:
            problem = answer.decode(errors="replace").replace("\0", "")[:300]
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


def _with(delivery: Delivery, answer: Answer) -> list[Answer]:
    return [*delivery.posts, {"at": timezone.now().isoformat(timespec="seconds"), **answer}]


def _note_failed(delivery: Delivery, answer: Answer, *, over: bool) -> None:
    posts = _with(delivery, answer)
    number = len(posts) - delivery.posts_before
    if over or number > len(BACKOFF):
        return delivery.postpone(None, posts=posts[-MAX_POSTS_KEPT:], gave_up_at=Now())
    return delivery.postpone(BACKOFF[number - 1], posts=posts)
