"""Questions of keys to the jobs that use them: which tasks need a key, what a balance includes. Jobs answer."""

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
register = _users.append


def user() -> KeyUser:
    """The one that registered. Raises IndexError without it, or a key would be forgotten while its tasks need it."""
    return _users[0]


def retired_keys(*, needed: bool) -> QuerySet[StudioKey]:
    """Those out of force that took a task which is not home, or not cleared up; or those that took none such."""
    took = Exists(user().open_tasks().filter(provider=OuterRef("provider"), key_mark=OuterRef("mark")))
    retired = StudioKey.objects.filter(state=StudioKey.State.RETIRED).exclude(secret="")
    return retired.filter(took if needed else ~took)
