"""The key's pauses: a longer one is never shortened, and each is lifted only by what answers it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from tests.worker_steps import Wait, wait_s
from wanstudio.keys import verbs as key_verbs
from wanstudio.keys.models import ProviderKey

pytestmark = pytest.mark.django_db

Pause = ProviderKey.Pause
SOON = timedelta(seconds=30)


@pytest.fixture
def key() -> ProviderKey:
    return ProviderKey.at("apixo")


def now(key: ProviderKey) -> ProviderKey:
    return ProviderKey.objects.get(pk=key.pk)


def paused_s(key: ProviderKey, wait: timedelta) -> Wait:
    """For how long after this refusal the key is paused."""
    began = timezone.now()
    key_verbs.back_off(key, wait)
    opens = ProviderKey.opens_at("apixo")
    assert opens
    paused = Wait((opens - timezone.now()).total_seconds())
    paused.since_claim = (opens - began).total_seconds()
    return paused


def test_one_row_a_provider(key: ProviderKey) -> None:
    assert ProviderKey.at("apixo") == key
    assert str(key) == "key at apixo"
    assert (key.pause, ProviderKey.opens_at("apixo"), key.due_at) == ("", None, None)
    assert ProviderKey.at("sandbox") != key


def test_backoff_is_never_shortened(key: ProviderKey) -> None:
    assert 59 < paused_s(key, timedelta(seconds=60)) <= 60
    opens = ProviderKey.opens_at("apixo")
    assert paused_s(key, timedelta(seconds=5)) <= 60
    assert ProviderKey.opens_at("apixo") == opens
    assert 89 < paused_s(key, timedelta(seconds=90)) <= 90
    assert now(key).rate_limits == 1, "refused together is refused once"
    ProviderKey.objects.update(paused_until=Now() - timedelta(seconds=1))
    key_verbs.back_off(key, timedelta(seconds=90))
    assert now(key).rate_limits == 2
    assert not now(key).pause
    assert ProviderKey.opens_at("sandbox") is None
    key_verbs.clear_rate_limits(key)
    assert now(key).rate_limits == 0
    assert ProviderKey.opens_at("apixo"), "the pause itself stands"


def test_backoff_after_an_expired_one_is_its_own(key: ProviderKey) -> None:
    ProviderKey.objects.update(paused_until=Now() - timedelta(hours=1))
    assert ProviderKey.opens_at("apixo") is None
    assert 4 < paused_s(key, timedelta(seconds=5)) <= 5


def test_a_suspension_asks_for_the_balance(key: ProviderKey) -> None:
    key_verbs.suspend(key, Pause.NO_BALANCE, Decimal("9.60"), SOON)
    suspended = now(key)
    assert (suspended.pause, suspended.needed) == ("no_balance", Decimal("9.60"))
    assert suspended.due_at
    assert ProviderKey.opens_at("apixo") is None, "questions may still be asked"
    key_verbs.resume(suspended)
    assert (now(key).pause, now(key).needed) == ("", Decimal(0))


def test_only_the_pause_that_was_seen_is_lifted(key: ProviderKey) -> None:
    key_verbs.suspend(key, Pause.UNAUTHORIZED, Decimal(0), SOON)
    key_verbs.resume(key)
    assert now(key).pause == Pause.UNAUTHORIZED


def test_third_strike_in_a_row_pauses_the_key(key: ProviderKey) -> None:
    for _ in range(2):
        key_verbs.strike(key, SOON)
    key_verbs.clear_strikes(key)
    for strikes in (1, 2):
        key_verbs.strike(key, SOON)
        assert (now(key).strikes, now(key).pause) == (strikes, "")
    key_verbs.strike(key, SOON)
    assert now(key).pause == Pause.FORBIDDEN


def test_strikes_keep_another_pause(key: ProviderKey) -> None:
    key_verbs.suspend(key, Pause.NO_BALANCE, Decimal(5), SOON)
    for _ in range(3):
        key_verbs.strike(key, SOON)
    assert now(key).pause == Pause.NO_BALANCE


def test_the_balance_is_asked_again_sooner_while_suspended(key: ProviderKey) -> None:
    key_verbs.ask_balance(key)
    mine = ProviderKey.claim(key.pk)
    assert mine
    for pause, low, high in ((Pause.NONE, 599, 600), (Pause.FORBIDDEN, 29, 30)):
        ProviderKey.objects.update(pause=pause)
        key_verbs.ask_again(mine, timedelta(seconds=600), SOON)
        assert low < wait_s(now(key)) <= high


def test_noted_balance_has_its_time_and_clears_the_problem(key: ProviderKey) -> None:
    ProviderKey.objects.update(problem="it did not answer")
    key_verbs.note_balance(key, Decimal("-1.25"))
    assert (now(key).balance, now(key).problem, key.balance) == (Decimal("-1.25"), "", Decimal("-1.25"))
    assert now(key).balance_at


def test_stop_lasts_until_its_owner_starts_again(key: ProviderKey) -> None:
    key_verbs.stop(key)
    first = now(key).stopped_at
    assert first
    key_verbs.stop(key)
    assert now(key).stopped_at == first, "the second click keeps the time of the first"
    key_verbs.resume(now(key))
    assert now(key).stopped_at, "a good balance does not undo what a person decided"
    assert ProviderKey.at("sandbox").stopped_at is None
    key_verbs.start_again(key)
    assert now(key).stopped_at is None


def test_checking_is_while_the_balance_is_due(key: ProviderKey) -> None:
    assert not key.is_checking
    assert not ProviderKey(provider="unsaved").is_checking
    key_verbs.ask_balance(key, SOON)
    assert not key.is_checking
    key_verbs.ask_balance(key)
    assert key.is_checking
    assert ProviderKey.claim(key.pk)
    assert key.is_checking, "being asked for right now"


def test_falls_short_only_by_a_fresh_balance(key: ProviderKey) -> None:
    assert not key.falls_short_of(Decimal("1.14")), "never told"
    key_verbs.note_balance(key, Decimal("1.14"))
    assert not now(key).falls_short_of(Decimal("1.14"))
    assert now(key).falls_short_of(Decimal("1.15"))
    ProviderKey.objects.update(balance_at=Now() - timedelta(minutes=61))
    assert not now(key).falls_short_of(Decimal("1.15"))
