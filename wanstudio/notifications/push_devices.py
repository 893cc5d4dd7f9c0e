"""Verbs of devices that get pushes: added by the browser that asks, removed by hand; and what is due to them."""

from dataclasses import dataclass

from allauth.account.signals import password_changed, password_set
from django.db import transaction
from django.db.models.functions import Now
from django.http import HttpRequest

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.encryption.encrypted_fields import Unreadable, decrypt, encrypt
from wanstudio.notifications.models import Notification
from wanstudio.notifications.push_rows import MAX_DEVICES, Push, PushDevice, PushKey

# In the session, which changes its key with a password: which device asked in it.
IN_SESSION = "push_device"


@dataclass(frozen=True)
class Subscription:
    """What a browser gives: an address of its push service, and the keys that messages are encrypted for."""

    endpoint: str
    p256dh: str
    auth: str


def public_key() -> str:
    """The studio's, for the browser. The first call of all makes the pair.

    One that can no longer be read, after a restore without its encryption key, is replaced: no browser that knew it
    can be reached, and each has to ask again.
    """
    with transaction.atomic():
        known = PushKey.objects.select_for_update().first()
        if known:
            try:
                decrypt(known.private)
                return known.public
            except Unreadable:
                PushDevice.objects.all().delete()
                known.delete()
        private, public = _new_pair()
        # Of two that come at once, both get the first one's.
        return PushKey.objects.get_or_create(pk=1, defaults={"private": encrypt(private), "public": public})[0].public


def _new_pair() -> tuple[str, str]:
    """The private key as PEM, and the public one as browsers want it."""
    # Only where it is asked for: an idle studio does not load it.
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from py_vapid import Vapid02
    from py_vapid.utils import b64urlencode

    pair = Vapid02()
    pair.generate_keys()
    point = pair.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return pair.private_pem().decode(), b64urlencode(point)


def add_device(person: User, session_key: str, given: Subscription, browser: str) -> PushDevice:
    """This browser from now on, for the sign-in that it asks in. Asked again, it is the same device."""
    facts = {
        "person": person,
        "session_key": session_key,
        "p256dh": given.p256dh,
        "auth": encrypt(given.auth),
        "browser": browser[:100],
        "problem": "",
    }
    with transaction.atomic():
        device, is_new = PushDevice.objects.update_or_create(endpoint=given.endpoint, defaults=facts)
        if is_new:
            record("push.added", person=person, about=device.browser)
        kept = PushDevice.objects.filter(person=person).order_by("-pk").values_list("pk", flat=True)[:MAX_DEVICES]
        PushDevice.objects.filter(person=person).exclude(pk__in=list(kept)).delete()
    return device


def remove_device(device: PushDevice, *, by: User) -> None:
    """Nothing more is sent to it, not even pending messages."""
    with transaction.atomic():
        record("push.removed", person=by, about=device.browser)
        device.delete()


def push(row: Notification) -> None:
    """Due at once to each device of its person, if it is of a kind that is pushed. In the caller's transaction."""
    if not row.is_pushed:
        return
    with transaction.atomic():
        # Locked: one that is removed meanwhile would take this transaction down with it.
        for device in PushDevice.objects.select_for_update(no_key=True).filter(person=row.person_id).order_by("pk"):
            Push.objects.create(device=device, notification=row, due_at=Now()).wake()


def _follow_session(request: HttpRequest, user: User, **kwargs: object) -> None:
    """A new password gives this browser's session another key; the other sessions end, and so do their devices."""
    if pk := request.session.get(IN_SESSION):
        PushDevice.objects.filter(pk=pk, person=user).update(session_key=request.session.session_key)


password_changed.connect(_follow_session, dispatch_uid="push_follow_session")
password_set.connect(_follow_session, dispatch_uid="push_follow_session")
