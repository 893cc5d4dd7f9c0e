from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from wanstudio.provider import providers
from wanstudio.provider.apixo.description import APIXO, WAN_2_2_ANIMATE
from wanstudio.provider.base import Resolution
from wanstudio.provider.providers import model_of

PRICES = {"480p": Decimal("0.04"), "720p": Decimal("0.08")}


def test_prices_are_those_of_the_reference_page() -> None:
    assert WAN_2_2_ANIMATE.price_table == [(date(2026, 1, 1), PRICES)]
    assert WAN_2_2_ANIMATE.resolution_names == tuple(PRICES)


def test_limits_are_those_of_the_reference_page() -> None:
    assert (WAN_2_2_ANIMATE.id, WAN_2_2_ANIMATE.behaviours) == ("wan-2-2-animate", ("animate", "replace"))
    assert (WAN_2_2_ANIMATE.billing.min_s, WAN_2_2_ANIMATE.billing.max_s) == (5, 120)
    assert WAN_2_2_ANIMATE.inputs.max_seed == 2147483647


@pytest.mark.parametrize("name", providers.PROVIDERS)
def test_every_provider_is_found_under_its_name_and_prices_every_resolution_at_once(name: str) -> None:
    provider = providers.get(name)
    assert provider.name == name
    for model in provider.models:
        _, first = model.price_table[0]
        assert set(first) == set(model.resolution_names)


def test_a_price_that_changes_is_a_row_of_its_own() -> None:
    dearer = (date(2027, 1, 1), Decimal("0.05"))
    first, *others = WAN_2_2_ANIMATE.resolutions
    model = replace(WAN_2_2_ANIMATE, resolutions=(Resolution(first.name, (dearer, *first.prices)), *others))
    assert model.price_table == [(date(2026, 1, 1), PRICES), (date(2027, 1, 1), PRICES | {"480p": Decimal("0.05")})]


@pytest.mark.parametrize(
    ("motion_s", "callback", "first", "later"),
    [
        (60, False, (60, 60), (5.5, 10)),
        (60.1, False, (120, 120), (10, 12)),
        (10, True, (120, 135), (60, 70)),
        (90, True, (120, 135), (60, 70)),
    ],
)
def test_polling_is_as_polite_as_the_page_asks(
    motion_s: float, callback: bool, first: tuple[float, float], later: tuple[float, float]
) -> None:
    assert WAN_2_2_ANIMATE.polling.intervals(motion_s, callback=callback) == (first, later)


def test_a_model_without_a_description_is_taken_for_the_first() -> None:
    model = model_of(APIXO, "wan-3-animate")
    assert (model.id, model.resolutions) == ("wan-3-animate", WAN_2_2_ANIMATE.resolutions)
    assert model_of(APIXO, "wan-2-2-animate") is WAN_2_2_ANIMATE
