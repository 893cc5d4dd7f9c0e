"""Adapters for allauth: sign-up by invitation, mails through the worker, encrypted secrets, recorded sign-ins."""

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from allauth.account import signals as account
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa import signals as mfa
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth import signals as auth
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.dispatch import receiver
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.accounts.words import WRONG_SIGN_IN, passkey_host
from wanstudio.activity.verbs import record, record_failure, record_sign_in
from wanstudio.encryption.encrypted_fields import derived_keys
from wanstudio.web.addresses import address_of
from wanstudio.work.mails import Mail, post_mail

if TYPE_CHECKING:
    from allauth.mfa.models import Authenticator

# A stranger can ask for a new password again and again; the mailbox must not fill up with it.
MIN_MAIL_INTERVAL = timedelta(minutes=1)


def sign_in(request: HttpRequest, who: User) -> None:
    """In with a new account, without allauth's own steps: the session is listed among theirs all the same."""
    login(request, who, backend=settings.AUTHENTICATION_BACKENDS[0])
    UserSession.objects.create_from_request(request)


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = DefaultAccountAdapter.error_messages | {"email_password_mismatch": WRONG_SIGN_IN}

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account.show")

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: object) -> str:
        """By address and account together: guesses from another address do not lock the owner out."""
        account = super()._get_login_attempts_cache_key(request, **credentials)
        return f"{self.get_client_ip(request)}:{account}"

    def get_reset_password_from_key_url(self, key: str) -> str:
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return address_of(path.replace("UID-KEY", quote(key)))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, object]) -> None:
        """As a row for the worker: the page does not wait, and its timing does not reveal who has an account."""
        message = self.render_mail(template_prefix, email, context)
        lately = Mail.objects.filter(
            to=email, subject=message.subject, created_at__gt=timezone.now() - MIN_MAIL_INTERVAL
        )
        if not lately.exists():
            post_mail(to=email, subject=message.subject, text=message.body)

    def format_email_subject(self, subject: str) -> str:
        return subject


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc]
    def encrypt(self, text: str) -> str:
        return derived_keys("second factor").encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return derived_keys("second factor").decrypt(encrypted_text.encode()).decode()

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return entity | {"id": passkey_host(), "name": "Wan Studio"}


@receiver(auth.user_logged_in)
def _in(sender: object, request: HttpRequest, user: User, **kwargs: object) -> None:
    record_sign_in("signin", user, _ip(request))


@receiver(auth.user_logged_out)
def _out(sender: object, request: HttpRequest, user: User | None, **kwargs: object) -> None:
    if user:
        record_sign_in("signout", user, _ip(request))


@receiver(auth.user_login_failed)
def _failed(
    sender: object, credentials: dict[str, object], request: HttpRequest | None = None, **kwargs: object
) -> None:
    """The address as it was typed; something else (a password in the wrong field, say) is not kept."""
    typed = str(credentials.get("email") or credentials.get("username") or "").strip().lower()
    try:
        validate_email(typed)
    except ValidationError:
        typed = "Somebody"
    record_failure(User.objects.filter(email=typed).first(), typed, _ip(request))


@receiver([account.password_changed, account.password_set, account.password_reset])
def _password_changed(sender: object, request: HttpRequest, user: User, signal: object, **kwargs: object) -> None:
    record_sign_in("password.reset" if signal is account.password_reset else "password.changed", user, _ip(request))


@receiver([mfa.authenticator_added, mfa.authenticator_removed])
def _factor_changed(
    sender: object, user: User, authenticator: "Authenticator", signal: object, **kwargs: object
) -> None:
    names = {"totp": "an authenticator app", "webauthn": "a passkey", "recovery_codes": "recovery codes"}
    kind = str(authenticator.type)
    act = "mfa.on" if signal is mfa.authenticator_added else "mfa.off"
    record(act=act, person=user, about=names.get(kind, kind))


@receiver(mfa.authenticator_reset)
def _codes_generated(sender: object, user: User, **kwargs: object) -> None:
    record(act="mfa.codes", person=user)


def _ip(request: HttpRequest | None) -> str | None:
    """The address as `TrustedProxies` found it; None if there is none."""
    return (request.META.get("REMOTE_ADDR") or None) if request else None
