"""The signed-in user of a request, and their second factors."""

from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from wanstudio.accounts.models import User

if TYPE_CHECKING:
    from allauth.mfa.models import Authenticator


def person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise Http404("nobody is signed in")
    return request.user


def factors(who: User) -> "QuerySet[Authenticator]":
    """Apps and passkeys; recovery codes are only the way out of a lost one."""
    # Here, because its models want ours to be there first.
    from allauth.mfa.models import Authenticator

    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    found: QuerySet[Authenticator] = Authenticator.objects.filter(user=who, type__in=kinds)
    return found


def second_factors(who: User) -> dict[str, object]:
    """`codes_left`: unused recovery codes; None if there are none to use."""
    from allauth.mfa.models import Authenticator

    rows = list(Authenticator.objects.filter(user=who).order_by("pk"))
    codes = next((row for row in rows if row.type == Authenticator.Type.RECOVERY_CODES), None)
    return {
        "app": next((row for row in rows if row.type == Authenticator.Type.TOTP), None),
        "passkeys": [row for row in rows if row.type == Authenticator.Type.WEBAUTHN],
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else None,
    }
