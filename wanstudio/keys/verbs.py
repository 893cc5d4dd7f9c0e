"""Verbs of the keys: pauses, strikes and balances of a provider's key, and the change of the key in force."""

from datetime import timedelta
from decimal import Decimal
from functools import lru_cache

from django.db import transaction
from django.db.models import Case, F, Q, When
from django.db.models.functions import Greatest, Now

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.encryption import encrypted_fields
from wanstudio.keys import call_budget, in_force
from wanstudio.keys.models import ProviderKey, StudioKey
from wanstudio.keys.words import key_title
from wanstudio.teams.models import Team
from wanstudio.work.leases import Stale
from wanstudio.work.prepared import PreparedUpdate

# Three refusals with 403 in a row say that the key, not the content, is the reason.
MAX_STRIKES = 3


def stop(key: ProviderKey, why: str = "") -> None:
    """Block every submission until `start_again`. What was handed over is followed as usual.

    In force from the commit on, for a job that is just being sent up to its first byte. Crash: as before, or stopped.
    """
    key.row.filter(stopped_at=None).update(stopped_at=Now(), stopped_why=why)


def start_again(key: ProviderKey) -> None:
    """The end of `stop`: queued jobs go out at their next look. A crash leaves it stopped, or over."""
    key.row.update(stopped_at=None, stopped_why="")


def back_off(key: ProviderKey, wait: timedelta, tasks: int | None = None) -> None:
    """A 429: no one calls on this key for `wait`. A shorter wait never shortens a longer one.

    Calls that were in progress together are refused together: that counts as one refusal, not as many in a row, and
    teaches one lesson. `tasks`: see `call_budget.lesson`.
    """
    until, learned, refused = Now() + wait, call_budget.lesson(key, tasks), F("refused_total") + 1
    is_open, more = Q(paused_until=None) | Q(paused_until__lte=Now()), F("rate_limits") + 1
    if not key.row.filter(is_open).update(rate_limits=more, paused_until=until, refused_total=refused, **learned):
        key.row.update(paused_until=Greatest(F("paused_until"), until), refused_total=refused)


def clear_rate_limits(key: ProviderKey) -> None:
    """A call went through: the growing backoff of a 429 starts again from the bottom."""
    key.row.filter(rate_limits__gt=0).update(rate_limits=0)


def suspend(key: ProviderKey, pause: str, needed: Decimal, wait: timedelta) -> None:
    """The account is rejected: no submission until `resume`; the balance is asked for after `wait`."""
    key.row.update(pause=pause, needed=needed, due_at=Now() + wait)


def strike(key: ProviderKey, wait: timedelta) -> None:
    """A 403; the third in a row suspends the key."""
    key.row.update(strikes=F("strikes") + 1)
    key.row.filter(strikes__gte=MAX_STRIKES, pause="").update(pause=ProviderKey.Pause.FORBIDDEN, due_at=Now() + wait)


def clear_strikes(key: ProviderKey) -> None:
    """The key can use the model, whatever else became of the request: refusals are no longer in a row."""
    _UNSTRUCK.run(key.pk)


_UNSTRUCK = PreparedUpdate(lambda pk: (ProviderKey.objects.filter(pk=pk, strikes__gt=0), {"strikes": 0}))


def resume(key: ProviderKey) -> None:
    """Submissions can go out again. Strikes stay: after three, one more 403 suspends at once.

    Lifts only the pause that this row was loaded with: another one might have been set meanwhile.
    """
    key.row.filter(pause=key.pause).update(pause=ProviderKey.Pause.NONE, needed=0)


def note_balance(key: ProviderKey, balance: Decimal, mark: str = "") -> None:
    """The balance as the provider reports it, with its time. A crash leaves it noted, or not.

    `mark`: of the key that asked. Another one than before has another balance, with which our sums start again.
    """
    with transaction.atomic():
        changed = bool(mark) and key.row.exclude(mark="").exclude(mark=mark).exists()
        named = {"mark": mark} if mark else {}
        unlearned = call_budget.UNKNOWN if changed else {}
        key.row.update(balance=balance, balance_at=Now(), problem="", **named, **unlearned)
        in_force.key_user().note_balance(key.provider, balance, key_changed=changed)
    key.balance = balance


def ask_again(key: ProviderKey, usual: timedelta, suspended: timedelta) -> None:
    """The balance is due after `usual`, or after `suspended` while submissions wait for it."""
    soon = Case(When(pause=ProviderKey.Pause.NONE, then=Now() + usual), default=Now() + suspended)
    key.held().update(due_at=soon)


def ask_balance(key: ProviderKey, wait: timedelta | None = None) -> None:
    """Due after `wait`, whatever was due before; without one `is_checking` is true at once."""
    key.row.update(due_at=Now() + wait if wait else Now())
    if not wait:
        key.wake()


def ask_balance_within(key: ProviderKey, wait: timedelta) -> None:
    """Due after `wait` at the latest; what is due sooner stays."""
    _due_within(wait).run(key.pk)


@lru_cache(maxsize=20)
def _due_within(wait: timedelta) -> PreparedUpdate:
    return PreparedUpdate(
        lambda pk: (ProviderKey.objects.filter(pk=pk, due_at__gt=Now() + wait), {"due_at": Now() + wait})
    )


def offer(provider: str, secret: str, person: User) -> StudioKey:
    """A key to be checked; one that was being checked makes room. A crash leaves it offered, or all as before."""
    with transaction.atomic():
        ProviderKey.lock(provider)
        drop_offers(provider)
        key, hidden = in_force.marked(secret), encrypted_fields.encrypt(secret)
        offered = StudioKey.objects.create(
            provider=provider, secret=hidden, mark=key.mark, ending=key.ending, person=person, due_at=Now()
        )
        _note("key.offered", offered, person)
        offered.wake()
    return offered


def accept(key: StudioKey, balance: Decimal, wait: timedelta) -> None:
    """checking → in force, with its balance; the next one is due after `wait`.

    The key before it is kept only while its tasks need it, and its pauses are over; an owner's stop stays. Raises Stale
    if this one was withdrawn meanwhile. A crash leaves the old one in force, or this one.
    """
    with transaction.atomic():
        ProviderKey.lock(key.provider)
        StudioKey.objects.filter(provider=key.provider, state=StudioKey.State.ACTIVE).update(
            state=StudioKey.State.RETIRED, decided_at=Now()
        )
        _decide(key, StudioKey.State.ACTIVE)
        ours = ProviderKey.at(key.provider)
        ours.row.update(
            pause=ProviderKey.Pause.NONE, needed=0, paused_until=None, rate_limits=0, strikes=0, due_at=Now() + wait
        )
        note_balance(ours, balance, key.mark)
        _note("key.set", key, key.person)
        forget_unneeded()


def refuse(key: StudioKey, why: str) -> None:
    """checking → refused, and its secret is forgotten. What is in force stays."""
    _decide(key, StudioKey.State.REFUSED, secret="", problem=why[:300])


def _decide(key: StudioKey, state: StudioKey.State, *, problem: str = "", **forgotten: str) -> None:
    checking = key.held().filter(state=StudioKey.State.CHECKING)
    if not checking.update(state=state, decided_at=Now(), due_at=None, problem=problem, **forgotten):
        raise Stale(f"{key} is no longer being checked")


def remove(provider: str, person: User) -> None:
    """What is being checked and what was refused is forgotten, and nothing is in force here any more."""
    with transaction.atomic():
        ProviderKey.lock(provider)
        drop_offers(provider)
        if active := StudioKey.in_force(provider):
            StudioKey.objects.filter(pk=active.pk).update(state=StudioKey.State.RETIRED, decided_at=Now())
            _note("key.removed", active, person)
        forget_unneeded()


def drop_offers(provider: str) -> None:
    StudioKey.offered(provider).delete()


def forget_unneeded() -> None:
    """The secrets of keys out of force whose tasks are all home are gone for good."""
    in_force.retired_keys(needed=False).update(secret="")


def _note(act: str, key: StudioKey, person: User | None) -> None:
    team = Team.objects.filter(is_first=True).first()
    record(act=act, team=team, person=person, about=key_title(key.provider, key.ending))
