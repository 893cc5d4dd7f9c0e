"""API tokens: created, revoked, and asked for, never a session. A token can do what its person can do, or less."""

import hashlib
import secrets
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple, cast

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.api.models import ApiToken
from wanstudio.api.problems import Problem
from wanstudio.jobs.models import Job
from wanstudio.jobs.queries import visible_jobs
from wanstudio.teams import access
from wanstudio.teams.models import Membership, Team
from wanstudio.teams.opened import Opened, listings
from wanstudio.teams.roles import Act
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import visible_sources
from wanstudio.videos.models import Video
from wanstudio.videos.queries import visible_videos
from wanstudio.work.compiled import CompiledModels
from wanstudio.work.prepared import PreparedRows, PreparedUpdate

MINUTE = timedelta(minutes=1)
NO_FACTOR = "This team requires a second factor, and you have none. Set one up in your account first."


class Created(NamedTuple):
    """A new token with its secret, which no one can read again."""

    token: ApiToken
    secret: str


def create_token(membership: Membership, name: str, scope: str, expires_at: datetime | None = None) -> Created:
    """Its secret has 256 bits; only its hash is stored. A crash leaves nothing, or an unknown token."""
    secret = f"wan_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        token = ApiToken.objects.create(
            membership=membership,
            name=name,
            scope=scope,
            prefix=secret[:10],
            digest=digest_of(secret),
            expires_at=expires_at,
        )
        _log("token.made", token, None)
    return Created(token, secret)


def revoke_token(token: ApiToken, by: User | None = None) -> None:
    """Invalid from the next call on. `by`: None for its own person. A crash leaves it revoked, or valid."""
    with transaction.atomic():
        if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=Now()):
            _log("token.revoked", token, by)


def count_call(token: ApiToken, limit: int) -> float | None:
    """One more call in this minute; None, or the seconds to wait if there were `limit` already."""
    if _COUNTED.run(token.pk, limit):
        return None
    return max(((token.minute_at or timezone.now()) + MINUTE - timezone.now()).total_seconds(), 1.0)


def _counted(pk: int, limit: int) -> tuple[QuerySet[ApiToken], dict[str, Any]]:
    is_new = Q(minute_at=None) | Q(minute_at__lte=Now() - MINUTE)
    # As a value: of a plain number Django sees that the column cannot hold the mark, and drops the condition.
    rows = ApiToken.objects.filter(is_new | Q(minute_calls__lt=Value(limit)), pk=pk)
    calls = Case(When(is_new, then=1), default=F("minute_calls") + 1)
    began = Case(When(is_new, then=Now()), default=F("minute_at"))
    return rows, {"minute_calls": calls, "minute_at": began, "last_used_at": Now()}


_COUNTED = PreparedUpdate(_counted)
_OF_DIGEST = PreparedRows(lambda digest: ApiToken.objects.filter(digest=digest).values_list("pk"))
_WITH = ("membership", "membership__team", "membership__user")
_LIVING = CompiledModels(lambda pk, _: ApiToken.living().filter(pk=pk), _WITH)


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _log(act: str, token: ApiToken, by: User | None) -> None:
    owner = token.membership.user
    about = token.name if by in (None, owner) else f"{token.name} of {owner}"
    record(act=act, team=token.membership.team, person=by or owner, about=about, on=token)


def _tokens(team: Team, people: Collection[int]) -> Iterator[Opened]:
    living = ApiToken.living().filter(membership__team=team, membership__user__in=people)
    for token in living.select_related("membership__user", "membership__team").order_by("-pk"):
        close = partial(revoke_token, token)
        yield Opened(token.membership.user_id, f"token-{token.pk}", f"API token {token.name}", token.created_at, close)


listings.append(_tokens)


class TokenAuth(HttpBearer):
    """The token's person becomes the user, in the token's team only. `counts`: toward the calls a minute."""

    def __init__(self, *, counts: bool = True) -> None:
        super().__init__()
        self._counts = counts

    def __call__(self, request: HttpRequest) -> ApiToken | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        return self.authenticate(request, secret.strip()) if scheme.lower() == "bearer" else None

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        # Looked up by its hash: how long that takes says nothing of the secret.
        pk = _OF_DIGEST.first(digest_of(token))
        found = next((row for row, _ in _LIVING.rows(pk[0])), None) if pk else None
        if found is None:
            return None
        limit = settings.API_CALLS_A_MINUTE
        if self._counts and (wait_s := count_call(found, limit)):
            hurried = f"More than {limit} calls in a minute. Wait for the seconds in Retry-After."
            raise Problem(429, "too-many", hurried, {"Retry-After": str(round(wait_s))})
        # The user of a browser's session is ignored here.
        request.user = found.membership.user
        team = found.membership.team
        access.show_as(request, team, found.membership.role)
        if team.needs_second_factor and not access.has_factor(request):
            raise Problem(403, "forbidden", NO_FACTOR)
        if not access.may(request, team, Act.TOKENS):
            raise Problem(403, "forbidden", "Your role in this team cannot use the API. An owner can change that.")
        return found


def token(request: HttpRequest) -> ApiToken:
    return cast(ApiToken, request.auth)  # type: ignore[attr-defined]


def team(request: HttpRequest) -> Team:
    return token(request).membership.team


def require_make(request: HttpRequest) -> None:
    if token(request).scope != ApiToken.Scope.MAKE:
        raise Problem(403, "forbidden", "This token is read-only. Create one that can make videos.")
    if not access.may(request, team(request), Act.MAKE):
        raise Problem(403, "forbidden", "Your role in this team cannot make videos. An owner can change that.")


def jobs(request: HttpRequest) -> QuerySet[Job]:
    return visible_jobs(request).filter(team=team(request)).prefetch_related("videos")


def videos(request: HttpRequest) -> QuerySet[Video]:
    return visible_videos(request).filter(job__team=team(request))


def sources(request: HttpRequest) -> QuerySet[Source]:
    return visible_sources(request, team(request))
