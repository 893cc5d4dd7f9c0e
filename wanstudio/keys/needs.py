"""Needs of the nouns that use a key: the questions that keys ask of them, and what they are told of a balance.

Keys stand below jobs and import none of them; jobs register their answers when the studio starts.
"""

from decimal import Decimal
from typing import Protocol

from django.db.models import Exists, Model, OuterRef, QuerySet

from wanstudio.keys.models import StudioKey


class KeyUser(Protocol):
    """A noun that sends tasks with the keys."""

    def unfinished(self, provider: str) -> int:
        """How many of its tasks at this provider have not ended."""

    def open_tasks(self) -> QuerySet[Model]:
        """Rows with `provider` and `key_mark`: the tasks that are not home, or not cleared up."""

    def note_balance(self, provider: str, balance: Decimal, *, key_changed: bool) -> None:
        """The provider said that this is left, in dollars; `key_changed`: on another key than the time before."""


_users: list[KeyUser] = []


def register(user: KeyUser) -> None:
    _users.append(user)


def unfinished(provider: str) -> int:
    return sum(user.unfinished(provider) for user in _users)


def needed_keys() -> QuerySet[StudioKey]:
    """Those out of force that took a task which is not home, or not cleared up."""
    retired = StudioKey.objects.filter(state=StudioKey.State.RETIRED).exclude(secret="")
    needed = StudioKey.objects.none()
    for user in _users:
        took = user.open_tasks().filter(provider=OuterRef("provider"), key_mark=OuterRef("mark"))
        needed |= retired.filter(Exists(took))
    return needed


def note_balance(provider: str, balance: Decimal, *, key_changed: bool) -> None:
    for user in _users:
        user.note_balance(provider, balance, key_changed=key_changed)
