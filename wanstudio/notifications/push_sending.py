"""The worker's step for pushes: one message to one browser, encrypted for it (RFC 8291) and signed (RFC 8292)."""

import json
import time
from datetime import timedelta
from email.utils import parseaddr

from django.conf import settings
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from wanstudio.encryption.encrypted_fields import Unreadable, decrypt
from wanstudio.media.errors import FetchError
from wanstudio.media.exchange import Answer
from wanstudio.media.fetch import retry_after
from wanstudio.media.targets import parse
from wanstudio.notifications.models import Notification
from wanstudio.notifications.push_rows import LIVES_FOR, Push, PushDevice, PushKey
from wanstudio.notifications.queries import notifications_of
from wanstudio.notifications.words import PUSH_REFUSED
from wanstudio.web.addresses import fetcher
from wanstudio.work import registry

POST_S = 15.0
ANSWER_BYTES = 2000
SIGNED_FOR_S = 12 * 60 * 60
GONE = (404, 410)
# The service has a problem, or asks to wait: the same message later.
LATER = (408, 425, 429)


def send(push: Push) -> None:
    """One try. A crash after it arrived and before that is noted sends it once more: the browser shows it in place."""
    if push.sent_at or push.gave_up_at:
        return push.postpone(None)
    device, row = push.device, push.notification
    if not device.is_signed_in:
        # With it go the messages that wait for it.
        device.delete()
        return None
    # Neither what has been read, nor a word of a team that this person has left or cannot enter.
    if row.read_at or not notifications_of(device.person).filter(pk=row.pk).exists():
        return push.postpone(None, gave_up_at=Now())
    if timezone.now() - push.created_at > LIVES_FOR:
        return push.postpone(None, gave_up_at=Now())
    try:
        answer = _post(device, row)
    except FetchError as wrong:
        return _again(push, wrong.sentence)
    except Unreadable as lost:
        return _give_up(push, str(lost))
    return _noted(push, answer)


registry.register(Push, send)


def _noted(push: Push, answer: Answer) -> None:
    if answer.status in GONE:
        # The subscription or the browser is gone.
        push.device.delete()
    elif 200 <= answer.status < 300:
        push.postpone(None, sent_at=Now())
        PushDevice.objects.filter(pk=push.device_id).exclude(problem="").update(problem="")
    elif answer.status in LATER or answer.status >= 500:
        _again(push, PUSH_REFUSED.format(status=answer.status), retry_after(answer.headers) or 0)
    else:
        _give_up(push, PUSH_REFUSED.format(status=answer.status))


def _again(push: Push, problem: str, asked_s: float = 0) -> None:
    wait = timedelta(seconds=max(min(15 * 2**push.claims, 3600), asked_s))
    _note_problem(push, problem)
    push.postpone(wait)


def _give_up(push: Push, problem: str) -> None:
    _note_problem(push, problem)
    push.postpone(None, gave_up_at=Now())


def _note_problem(push: Push, problem: str) -> None:
    PushDevice.objects.filter(pk=push.device_id).update(problem=problem[:300])


def _post(device: PushDevice, row: Notification) -> Answer:
    """A browser's address is a stranger's: https, public addresses, no redirect, little time and few bytes."""
    # Only where a device has asked: an idle worker does not load it.
    from py_vapid.utils import b64urldecode

    from wanstudio.notifications.push_encryption import encrypt

    # Words that a locked screen shows: the title, and never what was written.
    said = {"id": row.pk, "title": row.title, "url": reverse("notifications.follow", args=[row.pk])}
    body = encrypt(
        json.dumps(said, ensure_ascii=False).encode(),
        b64urldecode(device.p256dh.encode()),
        b64urldecode(decrypt(device.auth).encode()),
    )
    headers = {
        **_signed(device.endpoint),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(int(LIVES_FOR.total_seconds())),
        "Urgency": "normal",
    }
    return fetcher().post(device.endpoint, body, headers, deadline_s=POST_S, max_bytes=ANSWER_BYTES)


def _signed(endpoint: str) -> dict[str, str]:
    """The signed identity of the studio for this push service, valid for some hours."""
    from py_vapid import Vapid02

    key = PushKey.objects.first()
    if key is None:
        raise Unreadable
    signer = Vapid02.from_pem(decrypt(key.private).encode())
    # Our own check decides which addresses are public; the library knows fewer special ranges.
    signer.conf = {"no-strict": True}
    target = parse(endpoint)
    mail = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    claims = {
        "aud": f"{target.scheme}://{target.netloc}",
        "exp": int(time.time()) + SIGNED_FOR_S,
        "sub": settings.ADDRESS if settings.HTTPS else f"mailto:{mail}",
    }
    return dict(signer.sign(claims))
