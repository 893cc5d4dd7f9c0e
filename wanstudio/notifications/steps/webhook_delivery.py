"""Posting a team's news to its webhook: signed as Standard Webhooks says, tried again for most of a day."""

import time
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from standardwebhooks import Webhook as Signer

from wanstudio.encryption.encrypted_fields import Unreadable, unseal
from wanstudio.jobs import job_notifications as news
from wanstudio.media.fetch import FetchError
from wanstudio.notifications.models.webhooks import Delivery, Webhook
from wanstudio.web.fetchers import peoples_fetcher

POST_S = 15.0
ANSWER_BYTES = 2000
# After the first try, and after each of these, the next one; then it is given up.
WAITS = (
    *(timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)),
    *(timedelta(hours=2), timedelta(hours=5), timedelta(hours=10)),
)
# Of a delivery that is sent again by hand over and over.
MOST_KEPT = 50
OFF_AFTER = timedelta(days=5)


def deliver(delivery: Delivery) -> None:
    """One try. A crash after it arrived and before that is noted posts it once more, under the same id."""
    hook = delivery.webhook
    if delivery.arrived_at or delivery.gave_up_at:
        return delivery.postpone(None)
    if hook.disabled_at:
        return _note(delivery, {"code": None, "ms": 0, "problem": "The webhook is switched off."}, over=True)
    tried = _try(delivery)
    if tried["code"] is not None and 200 <= tried["code"] < 300:
        _note(delivery, tried, arrived_at=Now())
        return hook.arrived()
    hook.failed()
    gone = tried["code"] == 410
    _note(delivery, tried, over=gone)
    hook.refresh_from_db()
    if gone:
        _switch_off(hook, "The receiver answered 410: it is gone for good.")
    elif hook.failing_since and timezone.now() - hook.failing_since > OFF_AFTER:
        _switch_off(hook, "Nothing has arrived there for five days.")
    return None


def _try(delivery: Delivery) -> dict[str, Any]:
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
        problem = getattr(wrong, "sentence", "") or str(wrong)
    return {"code": code, "ms": round(1000 * (time.monotonic() - began)), "problem": problem}


def _headers(delivery: Delivery) -> dict[str, str]:
    """Signed with the secret, and for a day after a rotation with the one before it, too."""
    hook, now, message = delivery.webhook, timezone.now(), f"msg_{delivery.message.hex}"
    sealed = [hook.secret]
    if hook.old_secret and hook.old_secret_until and hook.old_secret_until > now:
        sealed.append(hook.old_secret)
    signatures = [Signer(unseal(secret)).sign(message, now, delivery.body) for secret in sealed]
    return {
        "Content-Type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _note(delivery: Delivery, tried: dict[str, Any], *, over: bool = False, **changes: Any) -> None:
    tries = [*delivery.tries, {"at": timezone.now().isoformat(timespec="seconds"), **tried}]
    if changes:
        return delivery.postpone(None, tries=tries, **changes)
    number = len(tries) - delivery.tries_before
    if over or number > len(WAITS):
        return delivery.postpone(None, tries=tries[-MOST_KEPT:], gave_up_at=Now())
    return delivery.postpone(WAITS[number - 1], tries=tries)


def _switch_off(hook: Webhook, why: str) -> None:
    """Off, and the owners told, in one transaction. What is still on its way there is given up as it comes due."""
    with transaction.atomic():
        if not hook.disable(why):
            return
        news.webhook_is_off(hook, why)
