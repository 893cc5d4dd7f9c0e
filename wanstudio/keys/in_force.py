"""The keys in force: which provider makes videos now, and with which key. The environment's, else the studio's own.

The one place that joins settings and rows. Read for every call and request, so that web and workers always agree. Keys
out of force are kept while their tasks need them: jobs register the answer to what keys ask of them.
"""

from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from django.conf import settings
from django.db import models
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import salted_hmac

from wanstudio.encryption import encrypted_fields
from wanstudio.keys.models import StudioKey
from wanstudio.provider import providers
from wanstudio.provider.base import Model
from wanstudio.provider.providers import model_of
from wanstudio.web.middleware import Middleware

# The provider whose key is set in the settings, and its replacement while there is none.
MAIN = providers.get(settings.MAIN_PROVIDER)
PROVIDER, SANDBOX = MAIN.name, providers.STAND_IN.name
# A shorter key keeps its end to itself, too.
SHOWN_FROM = 12
_answers: ContextVar[list[str] | None] = ContextVar("provider", default=None)


@dataclass(frozen=True)
class Key:
    """`mark` names it in rows. Without a `secret` nothing can be called; `unreadable` says why, if it is stored."""

    secret: str = field(default="", repr=False)
    mark: str = ""
    ending: str = ""
    unreadable: bool = False


def marked(secret: str) -> Key:
    """This key; its mark shows whether two are the same and nothing else, its last four characters are for people."""
    mark = salted_hmac("wanstudio.stored_key", secret, algorithm="sha256").hexdigest()[:32]
    return Key(secret, mark, secret[-4:] if len(secret) >= SHOWN_FROM else "")


def provider_in_use() -> str:
    """The provider of a job that is made now. An unreadable studio key does not lead to the sandbox."""
    if settings.PROVIDER != SANDBOX:
        return settings.PROVIDER
    if known := (answers := _answers.get()):
        return known[0]
    answer = PROVIDER if StudioKey.in_force(PROVIDER) else SANDBOX
    if answers is not None:
        answers.append(answer)
    return answer


class ProviderOnce(Middleware):
    """A page that names the provider in many places asks once, and says one thing."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        before = _answers.set([])
        try:
            return super().__call__(request)
        finally:
            _answers.reset(before)


def model(provider: str = PROVIDER) -> Model:
    """The model that videos are made with there."""
    return model_of(providers.get(provider), settings.MODEL)


def is_from_environment() -> bool:
    return bool(settings.PROVIDERS[PROVIDER][1])


def base_url(provider: str) -> str:
    return settings.PROVIDERS[provider][0]


def key_at(provider: str) -> Key:
    """The key in force there. The environment's wins."""
    secret = settings.PROVIDERS[provider][1]
    return marked(secret) if secret else opened(StudioKey.in_force(provider))


def key_that_took(provider: str, mark: str) -> Key:
    """The key with this mark, in force or kept for the tasks that it took; without a secret if it is gone."""
    now = key_at(provider)
    return now if now.secret and now.mark == mark else opened(StudioKey.with_mark(provider, mark))


def opened(own: StudioKey | None) -> Key:
    if own is None:
        return Key()
    try:
        return Key(encrypted_fields.decrypt(own.secret), own.mark, own.ending)
    except encrypted_fields.Unreadable:
        return Key(mark=own.mark, ending=own.ending, unreadable=True)


class KeyUser(Protocol):
    """A noun that sends tasks with the keys."""

    def unfinished(self, provider: str) -> int:
        """How many of its tasks at this provider have not ended."""

    def open_tasks(self) -> models.QuerySet[models.Model]:
        """Rows with `provider` and `key_mark`: the tasks that are not home, or not cleared up."""

    def note_balance(self, provider: str, balance: Decimal, *, key_changed: bool) -> None:
        """The provider said that this is left, in dollars; `key_changed`: on another key than the time before."""


_key_users: list[KeyUser] = []
register_user = _key_users.append


def key_user() -> KeyUser:
    """The one that registered. Raises IndexError without it, or a key would be forgotten while its tasks need it."""
    return _key_users[0]


def retired_keys(*, needed: bool) -> models.QuerySet[StudioKey]:
    """Those out of force that took a task which is not home, or not cleared up; or those that took none such."""
    same = {"provider": models.OuterRef("provider"), "key_mark": models.OuterRef("mark")}
    took = models.Exists(key_user().open_tasks().filter(**same))
    retired = StudioKey.objects.filter(state=StudioKey.State.RETIRED).exclude(secret="")
    return retired.filter(took if needed else ~took)
