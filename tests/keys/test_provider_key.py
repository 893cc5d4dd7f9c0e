"""The key's pauses: a longer one is never shortened, and each is lifted only by what answers it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.keys.models.provider_key import ProviderKey

pytestmark = pytest.mark.django_db

Pause = ProviderKey.Pause
SOON = timedelta(seconds=30)


@pytest.fixture
def key() -> ProviderKey:
    return ProviderKey.at("apixo")


def now(key: ProviderKey) -> ProviderKey:
    return ProviderKey.objects.get(pk=key.pk)


def left_s() -> float:
    opens = ProviderKey.opens_at("apixo")
    return (opens - timezone.now()).total_seconds() if opens else 0


def test_one_row_a_provider(key: ProviderKey) -> None:
    assert ProviderKey.at("apixo") == key
    assert str(key) == "key at apixo"
    assert (key.blocks_sending, ProviderKey.opens_at("apixo"), key.due_at) == (False, None, None)
    assert ProviderKey.at("sandbox") != key


def test_a_throttle_is_never_shortened(key: ProviderKey) -> None:
    key.throttle(timedelta(seconds=60))
    assert 58 < left_s() <= 60
    key.throttle(timedelta(seconds=5))
    assert 58 < left_s() <= 60
    key.throttle(timedelta(seconds=90))
    assert 88 < left_s() <= 90
    assert now(key).throttles == 1, "refused together is refused once"
    ProviderKey.objects.update(paused_until=Now() - timedelta(seconds=1))
    key.throttle(timedelta(seconds=90))
    assert now(key).throttles == 2
    assert not now(key).blocks_sending
    assert ProviderKey.opens_at("sandbox") is None
    key.answered()
    assert now(key).throttles == 0
    assert left_s() > 80, "the pause itself stands"


def test_a_throttle_after_an_old_one(key: ProviderKey) -> None:
    ProviderKey.objects.update(paused_until=Now() - timedelta(hours=1))
    assert ProviderKey.opens_at("apixo") is None
    key.throttle(timedelta(seconds=5))
    assert 3 < left_s() <= 5


def test_a_suspension_asks_for_the_balance(key: ProviderKey) -> None:
    key.suspend(Pause.NO_BALANCE, Decimal("9.60"), SOON)
    suspended = now(key)
    assert (suspended.blocks_sending, suspended.needed) == (True, Decimal("9.60"))
    assert suspended.due_at
    assert ProviderKey.opens_at("apixo") is None, "questions may still be asked"
    suspended.resume()
    assert (now(key).blocks_sending, now(key).needed) == (False, Decimal(0))


def test_only_the_pause_that_was_seen_is_lifted(key: ProviderKey) -> None:
    key.suspend(Pause.UNAUTHORIZED, Decimal(0), SOON)
    key.resume()
    assert now(key).pause == Pause.UNAUTHORIZED


def test_strikes(key: ProviderKey) -> None:
    for _ in range(2):
        key.strike(SOON)
    key.admitted()
    for strikes in (1, 2):
        key.strike(SOON)
        assert (now(key).strikes, now(key).blocks_sending) == (strikes, False)
    key.strike(SOON)
    assert now(key).pause == Pause.FORBIDDEN


def test_strikes_do_not_hide_another_pause(key: ProviderKey) -> None:
    key.suspend(Pause.NO_BALANCE, Decimal(5), SOON)
    for _ in range(3):
        key.strike(SOON)
    assert now(key).pause == Pause.NO_BALANCE


def test_the_balance_is_asked_again_sooner_while_suspended(key: ProviderKey) -> None:
    key.ask_balance_now()
    mine = ProviderKey.claim(key.pk)
    assert mine
    for pause, low, high in ((Pause.NONE, 595, 600), (Pause.FORBIDDEN, 28, 30)):
        ProviderKey.objects.update(pause=pause)
        mine.ask_again(timedelta(seconds=600), SOON)
        due_at = now(key).due_at
        assert due_at
        assert low < (due_at - timezone.now()).total_seconds() <= high


def test_the_balance_with_its_time(key: ProviderKey) -> None:
    ProviderKey.objects.update(problem="it did not answer")
    key.note_balance(Decimal("-1.25"))
    assert (now(key).balance, now(key).problem, key.balance) == (Decimal("-1.25"), "", Decimal("-1.25"))
    assert now(key).balance_at


def test_stopped_by_its_owner(key: ProviderKey) -> None:
    key.stop()
    first = now(key).stopped_at
    assert first
    key.stop()
    assert now(key).stopped_at == first, "the second click keeps the time of the first"
    now(key).resume()
    assert now(key).stopped_at, "a good balance does not undo what a person decided"
    assert ProviderKey.at("sandbox").stopped_at is None
    key.go_on()
    assert now(key).stopped_at is None


def test_checking_is_while_the_balance_is_due(key: ProviderKey) -> None:
    assert not key.is_checking
    assert not ProviderKey(provider="unsaved").is_checking
    key.ask_balance_after(SOON)
    assert not key.is_checking
    key.ask_balance_now()
    assert key.is_checking
    assert ProviderKey.claim(key.pk)
    assert key.is_checking, "being asked for right now"


def test_falls_short_only_by_a_fresh_balance(key: ProviderKey) -> None:
    assert not key.falls_short_of(Decimal("1.14")), "never told"
    key.note_balance(Decimal("1.14"))
    assert not now(key).falls_short_of(Decimal("1.14"))
    assert now(key).falls_short_of(Decimal("1.15"))
    ProviderKey.objects.update(balance_at=Now() - timedelta(minutes=61))
    assert not now(key).falls_short_of(Decimal("1.15"))
