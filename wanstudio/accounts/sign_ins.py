"""Sign-ins in the activity: who came and went, who failed to, and changes of passwords and second factors."""

from typing import TYPE_CHECKING

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.contrib.auth import signals as auth
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.dispatch import receiver
from django.http import HttpRequest

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record, record_failure, record_sign_in

if TYPE_CHECKING:
    from allauth.mfa.models import Authenticator


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


@receiver([account.password_changed, account.password_set])
def _password_changed(sender: object, request: HttpRequest, user: User, **kwargs: object) -> None:
    record_sign_in("password.changed", user, _ip(request))


@receiver(account.password_reset)
def _password_reset(sender: object, request: HttpRequest, user: User, **kwargs: object) -> None:
    record_sign_in("password.reset", user, _ip(request))


@receiver(mfa.authenticator_added)
def _factor_added(sender: object, user: User, authenticator: "Authenticator", **kwargs: object) -> None:
    _factor("mfa.on", user, authenticator)


@receiver(mfa.authenticator_removed)
def _factor_removed(sender: object, user: User, authenticator: "Authenticator", **kwargs: object) -> None:
    _factor("mfa.off", user, authenticator)


@receiver(mfa.authenticator_reset)
def _codes_generated(sender: object, user: User, **kwargs: object) -> None:
    record(act="mfa.codes", person=user)


def _factor(act: str, user: User, authenticator: "Authenticator") -> None:
    names = {"totp": "an authenticator app", "webauthn": "a passkey", "recovery_codes": "recovery codes"}
    record(act=act, person=user, about=names.get(str(authenticator.type), str(authenticator.type)))


def _ip(request: HttpRequest | None) -> str | None:
    """The address as `TrustedProxies` found it; None if there is none."""
    return (request.META.get("REMOTE_ADDR") or None) if request else None
