"""What people sign in with besides the password, and whether a team that asks for it lets them in."""

from typing import TYPE_CHECKING

from django.db.models import QuerySet

from wanstudio.accounts.models import User

if TYPE_CHECKING:
    from allauth.mfa.models import Authenticator


def factors(who: User) -> "QuerySet[Authenticator]":
    """Apps and passkeys; recovery codes are only the way out of a lost one."""
    # Here, because its models want ours to be there first.
    from allauth.mfa.models import Authenticator

    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    found: QuerySet[Authenticator] = Authenticator.objects.filter(user=who, type__in=kinds)
    return found
