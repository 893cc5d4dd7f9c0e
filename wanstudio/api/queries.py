"""API tokens that open the API, a person's own, and what an Idempotency-Key was answered."""

from uuid import UUID, uuid5

from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest

from wanstudio.api.models import ApiPost, ApiToken
from wanstudio.api.verbs import digest_of
from wanstudio.teams.access import person

_NAMESPACE = UUID("6f1d7b0e-8f43-4a53-9b0e-2d5e5c1f7a10")


class KeyReused(Exception):
    """This key was used for another request. Nothing was made."""


def own_tokens(request: HttpRequest) -> QuerySet[ApiToken]:
    """This person's own, in all of their teams, newest first."""
    mine = ApiToken.objects.filter(membership__user=person(request))
    return mine.select_related("membership__team").order_by("-pk")


def living_tokens() -> QuerySet[ApiToken]:
    """Those that open the API now."""
    unexpired = Q(expires_at=None) | Q(expires_at__gt=Now())
    return ApiToken.objects.filter(unexpired, revoked_at=None, membership__user__is_active=True)


def token_by_secret(secret: str) -> ApiToken | None:
    """The living one with this secret. Looked up by its hash: how long that takes says nothing of the secret."""
    found = living_tokens().filter(digest=digest_of(secret))
    return found.select_related("membership__team", "membership__user").first()


def earlier_answer(token: ApiToken, key: str, body: str) -> dict[str, object] | None:
    """What this very request was answered, or None: it is new. Raises KeyReused if it was another one."""
    found = ApiPost.objects.filter(token=token, key=key, job__isnull=False).first()
    return answer_of(found, body) if found else None


def answer_of(post: ApiPost, body: str) -> dict[str, object]:
    """The answer as it was given the first time, if the request is the same."""
    if post.body != body:
        raise KeyReused
    answer: dict[str, object] = post.answer
    return answer


def nonce_of(token: ApiToken, key: str) -> UUID:
    """The nonce of the one job that this key may make."""
    return uuid5(_NAMESPACE, f"{token.pk}:{key}")
