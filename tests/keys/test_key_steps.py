"""The balance step: when it is asked for, what it lifts, and what a failure leaves."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.fake_apixo import HTML, FakeApixo, envelope, refusal
from tests.provider.scripted import answer, reset
from tests.worker_steps import ask, wait_s
from wanstudio.keys import verbs as key_verbs
from wanstudio.keys.models import ProviderKey


@pytest.fixture
def key(apixo: FakeApixo) -> ProviderKey:
    return ProviderKey.at("apixo")


def test_the_balance_is_noted_to_the_cent(key: ProviderKey) -> None:
    key = ask(key)
    assert key.balance == Decimal("74.87")
    assert key.balance_at
    assert 590 < wait_s(key) <= 600


def test_large_balance_is_kept_to_its_last_digit(key: ProviderKey, apixo: FakeApixo) -> None:
    apixo.balance = 999_999_999.1234
    assert ask(key).balance == Decimal("999999999.1234")


@pytest.mark.parametrize(
    "move", [refusal(401, "Invalid key"), answer(502, HTML), reset, answer(200, envelope(data="x"))]
)
def test_failed_balance_call_keeps_the_last_balance(key: ProviderKey, apixo: FakeApixo, move: object) -> None:
    ask(key)
    apixo.on_balance(move)  # type: ignore[arg-type]
    key = ask(key)
    assert key.balance == Decimal("74.87"), "the last one stays, with its time"
    assert key.problem
    assert 29 < wait_s(key) <= 40
    assert ask(key).problem == ""


def test_429_pauses_the_key(key: ProviderKey, apixo: FakeApixo) -> None:
    apixo.on_balance(refusal(429, Retry_After="120"))
    key = ask(key)
    assert 119 < wait_s(key) <= 123
    assert ProviderKey.opens_at("apixo")
    ask(key)
    assert apixo.balance_calls == 1


def test_unauthorized_is_lifted_by_any_balance(key: ProviderKey, apixo: FakeApixo) -> None:
    apixo.balance = 0
    key_verbs.suspend(key, ProviderKey.Pause.UNAUTHORIZED, Decimal(0), timedelta(seconds=30))
    assert ask(key).pause == ""


def test_pause_set_during_the_balance_call_stays(key: ProviderKey, apixo: FakeApixo) -> None:
    def refuse_meanwhile(line: object, over: object) -> None:
        key_verbs.suspend(key, ProviderKey.Pause.NO_BALANCE, Decimal("9.60"), timedelta(seconds=30))
        answer(200, envelope(data=1))(line, over)  # type: ignore[arg-type]

    apixo.on_balance(refuse_meanwhile)
    key = ask(key)
    assert (key.pause, key.needed) == (ProviderKey.Pause.NO_BALANCE, Decimal("9.60"))
    assert 29 < wait_s(key) <= 40, "and it is asked about soon"
    apixo.balance = 9.59
    assert 29 < wait_s(ask(key)) <= 40
    apixo.balance = 9.60
    assert ask(key).pause == ""


def test_without_a_key_nothing_is_asked(key: ProviderKey, apixo: FakeApixo, settings: object) -> None:
    settings.PROVIDERS = settings.PROVIDERS | {"apixo": (apixo.url, "")}  # type: ignore[attr-defined]
    assert "no longer has a key" in ask(key).problem
    assert apixo.balance_calls == 0
