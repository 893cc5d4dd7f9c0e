"""Verbs of API tokens."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.activity.verbs import record
from wanstudio.api.models import ApiToken
from wanstudio.teams.models import Membership

MINUTE = timedelta(minutes=1)


class Created(NamedTuple):
    """A new token with its secret, which nobody can read again."""

    token: ApiToken
    secret: str


def create_token(membership: Membership, name: str, scope: str, expires_at: datetime | None = None) -> Created:
    """Its secret has 256 bits; only its hash is stored. A crash leaves nothing, or a token that nobody knows."""
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
        _log("token.made", token)
    return Created(token, secret)


def revoke_token(token: ApiToken) -> None:
    """Dead from the next call on. A crash leaves it revoked, or living."""
    with transaction.atomic():
        if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=Now()):
            _log("token.revoked", token)


def count_call(token: ApiToken, limit: int) -> float | None:
    """One more call in this minute; None, or the seconds to wait if there were `limit` already."""
    row = ApiToken.objects.filter(pk=token.pk)
    if row.filter(Q(minute_at=None) | Q(minute_at__lte=Now() - MINUTE)).update(
        minute_at=Now(), minute_calls=1, last_used_at=Now()
    ):
        return None
    if row.filter(minute_calls__lt=limit).update(minute_calls=F("minute_calls") + 1, last_used_at=Now()):
        return None
    began = row.values_list("minute_at", flat=True).first() or timezone.now()
    return max((began + MINUTE - timezone.now()).total_seconds(), 1.0)


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _log(act: str, token: ApiToken) -> None:
    record(act=act, team=token.membership.team, person=token.membership.user, about=token.name, on=token)
