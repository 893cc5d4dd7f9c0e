"""The signed-in user of a request, and their second factors."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.crypto import constant_time_compare

from wanstudio.accounts.models import User
from wanstudio.web.lookups import SignedOut
from wanstudio.work.compiled import Compiled

if TYPE_CHECKING:
    from allauth.mfa.models import Authenticator


def person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise Http404("nobody is signed in")
    return request.user


def session_rows(request: HttpRequest, ask: Callable[[int], list[tuple[Any, ...]]]) -> list[tuple[Any, ...]] | None:
    """Rows that `ask` finds for the person of this session; None if no one is signed in.

    Each row begins with the password's hash of the person, if they are active: so the session is checked as Django does
    it, without a separate query. What does not fit is left to Django, which knows about older keys and backends.
    """
    session = request.session
    if session.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS and (pk := session.get(SESSION_KEY)):
        rows = ask(int(pk))
        who = User.from_db(None, ("id", "password", "is_active"), (int(pk), rows[0][0], True)) if rows else None
        if who and constant_time_compare(session.get(HASH_SESSION_KEY) or "", who.get_session_auth_hash()):
            # Where Django's own middleware keeps it.
            request._cached_user = who  # type: ignore[attr-defined]
            return rows
    return ask(request.user.pk) if isinstance(request.user, User) else None


def found_for(request: HttpRequest, query: Compiled, pk: int) -> tuple[Any, ...]:
    """What `query` finds about this row for the person of this session: the values behind the password's hash.

    Two queries, session and row. Raises SignedOut if no one is signed in, Http404 if they find nothing.
    """
    # An address names any number; no row has the largest that SQLite takes.
    rows = session_rows(request, lambda person: query.rows(person, [min(pk, 2**63 - 1)]))
    if rows is None:
        raise SignedOut
    if not rows:
        raise Http404("no such file")
    return rows[0][1:]


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
