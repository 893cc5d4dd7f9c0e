"""Sign-ins in the activity: who came and went, who failed to, and changes of passwords and second factors."""

from typing import TYPE_CHECKING

from allauth.account import signals as account
from django.apps import apps
from django.contrib.auth import signals as auth
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record, record_failure, record_sign_in

if TYPE_CHECKING:
    from allauth.mfa.models import Authenticator


def connect() -> None:
    auth.user_logged_in.connect(_in, dispatch_uid="activity.in")
    auth.user_logged_out.connect(_out, dispatch_uid="activity.out")
    auth.user_login_failed.connect(_failed, dispatch_uid="activity.failed")
    account.password_changed.connect(_password_changed, dispatch_uid="activity.password")
    account.password_set.connect(_password_changed, dispatch_uid="activity.password_set")
    account.password_reset.connect(_password_reset, dispatch_uid="activity.reset")
    if apps.is_installed("allauth.mfa"):
        from allauth.mfa import signals as mfa

        mfa.authenticator_added.connect(_factor_added, dispatch_uid="activity.factor")
        mfa.authenticator_removed.connect(_factor_removed, dispatch_uid="activity.no_factor")
        mfa.authenticator_reset.connect(_codes_generated, dispatch_uid="activity.codes")


def _in(sender: object, request: HttpRequest, user: User, **kwargs: object) -> None:
    record_sign_in("signin", user, _ip(request))


def _out(sender: object, request: HttpRequest, user: User | None, **kwargs: object) -> None:
    if user:
        record_sign_in("signout", user, _ip(request))


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


def _password_changed(sender: object, request: HttpRequest, user: User, **kwargs: object) -> None:
    record_sign_in("password.changed", user, _ip(request))


def _password_reset(sender: object, request: HttpRequest, user: User, **kwargs: object) -> None:
    record_sign_in("password.reset", user, _ip(request))


def _factor_added(
    sender: object, request: HttpRequest, user: User, authenticator: "Authenticator", **kwargs: object
) -> None:
    _factor("mfa.on", user, authenticator)


def _factor_removed(
    sender: object, request: HttpRequest, user: User, authenticator: "Authenticator", **kwargs: object
) -> None:
    _factor("mfa.off", user, authenticator)


def _codes_generated(
    sender: object, request: HttpRequest, user: User, authenticator: "Authenticator", **kwargs: object
) -> None:
    record(act="mfa.codes", person=user)


def _factor(act: str, user: User, authenticator: "Authenticator") -> None:
    names = {"totp": "an authenticator app", "webauthn": "a passkey", "recovery_codes": "recovery codes"}
    record(act=act, person=user, about=names.get(str(authenticator.type), str(authenticator.type)))


def _ip(request: HttpRequest | None) -> str | None:
    """As `TrustedProxies` found it; None where nobody can tell."""
    return (request.META.get("REMOTE_ADDR") or None) if request else None
