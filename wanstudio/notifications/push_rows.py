"""Web Push: the studio's own key pair, the browsers that asked for notifications, and the messages to them."""

from datetime import timedelta

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.db import models
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from wanstudio.accounts.models import User
from wanstudio.accounts.session_store import SessionStore
from wanstudio.encryption.encrypted_fields import SecretField
from wanstudio.notifications.models import Notification
from wanstudio.work.leases import Leased

MAX_DEVICES = 20
# After that it is outdated; the push service drops it, too.
LIVES_FOR = timedelta(hours=24)


class PushKey(models.Model):
    """One a studio (VAPID, RFC 8292), made when the first browser asks. Under another one no browser can be reached."""

    private = SecretField()
    public = models.CharField(max_length=100, help_text="As browsers want it: the point, in base64url.")
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.public


class PushDevice(models.Model):
    """A browser in which this person pressed the button; it gets nothing once that sign-in is over."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="push_devices")
    session_key = models.CharField(max_length=40)
    endpoint = models.CharField(max_length=1000, unique=True)
    p256dh = models.CharField(max_length=100, help_text="The browser's public key.")
    auth = SecretField(help_text="What the browser shares with us alone.")
    browser = models.CharField(max_length=100)
    created_at = models.DateTimeField(default=timezone.now)
    problem = models.CharField(max_length=300, blank=True, help_text="Why the last message did not arrive.")

    def __str__(self) -> str:
        return f"device {self.pk}"

    @property
    def is_signed_in(self) -> bool:
        """Whether the person is still in, with the sign-in in which they asked for this."""
        kept = SessionStore(self.session_key).load()
        known, now = str(kept.get(HASH_SESSION_KEY, "")), self.person.get_session_auth_hash()
        return (
            self.person.is_active and kept.get(SESSION_KEY) == str(self.person.pk) and constant_time_compare(known, now)
        )


class Push(Leased):
    """One notification for one device."""

    device = models.ForeignKey(PushDevice, on_delete=models.CASCADE, related_name="pushes")
    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    gave_up_at = models.DateTimeField(null=True)

    class Meta(Leased.Meta):
        constraints = [models.UniqueConstraint(fields=["device", "notification"], name="one_push_a_device")]

    def __str__(self) -> str:
        return f"push {self.pk}"
