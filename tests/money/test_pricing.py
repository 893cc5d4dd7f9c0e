from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wanstudio.money import pricing
from wanstudio.money.pricing import Quote
from wanstudio.provider.base import BillingLimits, prices_on

PRICES = {"480p": Decimal("0.04"), "720p": Decimal("0.08")}
LIMITS = BillingLimits(min_s=5, max_s=120)
AWKWARD = {"480p": Decimal("0.045"), "720p": Decimal("0.0833")}


def quote(duration: float | Decimal, resolution: str, prices: Mapping[str, Decimal]) -> Quote:
    return pricing.quote(duration, resolution, prices, LIMITS)


@pytest.mark.parametrize(
    ("duration", "billed", "at_480p", "at_720p"),
    [
        (0.5, "5", "0.20", "0.40"),
        (4.99, "5", "0.20", "0.40"),
        (5, "5", "0.20", "0.40"),
        (5.01, "5.01", "0.20", "0.40"),
        (10, "10", "0.40", "0.80"),
        (14.2, "14.2", "0.57", "1.14"),
        (119.99, "119.99", "4.80", "9.60"),
        (120, "120", "4.80", "9.60"),
        (120.01, "120", "4.80", "9.60"),
        (600, "120", "4.80", "9.60"),
    ],
)
def test_the_price_table(duration: float, billed: str, at_480p: str, at_720p: str) -> None:
    for resolution, price in (("480p", at_480p), ("720p", at_720p)):
        quoted = quote(duration, resolution, PRICES)
        assert quoted == Quote(Decimal(str(duration)), Decimal(billed), PRICES[resolution], Decimal(price), resolution)
        assert quote(Decimal(str(duration)), resolution, PRICES) == quoted


def test_half_a_cent_is_rounded_up() -> None:
    assert quote(Decimal("5.125"), "480p", PRICES).price == Decimal("0.21")
    assert quote(Decimal("5.12499"), "480p", PRICES).price == Decimal("0.20")


@pytest.mark.parametrize(
    ("duration", "resolution", "reason"),
    [
        (14.2, "720p", "14.2 s × $0.08 = $1.14"),
        (3.2, "480p", "3.2 s, billed as 5 s × $0.04 = $0.20"),
        (150, "720p", "150 s, billed as 120 s × $0.08 = $9.60, the rest is not generated"),
        (14.0, "480p", "14 s × $0.04 = $0.56"),
        (14.233333333333333, "720p", "14.2 s × $0.08 = $1.14"),
        # 14.2 s would read as $1.14 where $1.13 is charged.
        (14.16, "720p", "14.16 s × $0.08 = $1.13"),
        (4.99, "720p", "4.99 s, billed as 5 s × $0.08 = $0.40"),
        (0.0000004, "480p", "0.0000004 s, billed as 5 s × $0.04 = $0.20"),
        (120.01, "480p", "120.01 s, billed as 120 s × $0.04 = $4.80, the rest is not generated"),
    ],
)
def test_the_reason_in_words(duration: float, resolution: str, reason: str) -> None:
    assert quote(duration, resolution, PRICES).reason == reason


def test_a_price_in_tenths_of_a_cent_is_shown_whole() -> None:
    assert quote(10, "480p", AWKWARD).reason == "10 s × $0.045 = $0.45"


@pytest.mark.parametrize("duration", [0, -1, 0.0, float("nan"), float("inf"), float("-inf"), Decimal("NaN")])
def test_a_length_that_is_none_has_no_price(duration: float | Decimal) -> None:
    with pytest.raises(ValueError, match="not the length of a clip"):
        quote(duration, "480p", PRICES)


@pytest.mark.parametrize("resolution", ["", "1080p", "480P"])
def test_an_unknown_resolution_has_no_price(resolution: str) -> None:
    with pytest.raises(ValueError, match="no price for the resolution"):
        quote(10, resolution, PRICES)


durations = st.floats(min_value=1e-6, max_value=1e6) | st.decimals(min_value="0.001", max_value="1000", places=3)
resolutions = st.sampled_from(["480p", "720p"])
tables = st.sampled_from([PRICES, AWKWARD])


@settings(deadline=None)
@given(durations, resolutions, tables)
def test_a_price_is_whole_cents_between_those_of_5_and_120_seconds(
    duration: float | Decimal, resolution: str, prices: dict[str, Decimal]
) -> None:
    price = quote(duration, resolution, prices).price
    assert quote(5, resolution, prices).price <= price <= quote(120, resolution, prices).price
    assert price.as_tuple().exponent == -2


@settings(deadline=None)
@given(durations, durations, resolutions)
def test_a_longer_clip_never_costs_less(one: float | Decimal, other: float | Decimal, resolution: str) -> None:
    shorter, longer = sorted([Decimal(str(one)), Decimal(str(other))])
    assert quote(shorter, resolution, PRICES).price <= quote(longer, resolution, PRICES).price


@settings(deadline=None)
@given(durations, resolutions, tables)
def test_the_reason_multiplies_to_the_price(
    duration: float | Decimal, resolution: str, prices: dict[str, Decimal]
) -> None:
    quoted = quote(duration, resolution, prices)
    sum_shown = quoted.reason.removesuffix(", the rest is not generated").split("billed as ")[-1]
    seconds, _, dollars = sum_shown.partition(" s × $")
    unit, _, price = dollars.partition(" = $")
    assert Decimal(price) == quoted.price
    assert quote(Decimal(seconds), resolution, {resolution: Decimal(unit)}).price == quoted.price
    if quoted.billed_seconds != quoted.duration:
        assert quoted.reason.partition(" s")[0] != str(quoted.billed_seconds)


def test_the_parts_of_a_reason_are_those_of_the_card() -> None:
    short, usual, long = quote(3.2, "480p", PRICES), quote(14.2, "720p", PRICES), quote(150, "720p", PRICES)
    assert [(each.is_clamped, each.is_too_long) for each in (short, usual, long)] == [
        (True, False),
        (False, False),
        (True, True),
    ]
    assert (short.clip, short.seconds, short.times) == ("3.2 s", "3.2 s, billed as 5 s", "× $0.04 = $0.20")
    assert usual.formula == "14.2 s × $0.08"


@pytest.mark.parametrize("duration", [4.99, 120.01])
def test_a_length_that_the_provider_refuses_has_no_price(duration: float) -> None:
    strict = BillingLimits(5, 120, refuses_outside=True)
    assert pricing.quote(5, "480p", PRICES, strict).price == Decimal("0.20")
    with pytest.raises(ValueError, match="is not taken"):
        pricing.quote(duration, "480p", PRICES, strict)


def test_prices_change_on_their_day() -> None:
    dearer = {"480p": Decimal("0.05"), "720p": Decimal("0.10")}
    table = [(date(2026, 7, 1), dearer), (date(2026, 1, 1), PRICES)]
    assert prices_on(table, date(2026, 1, 1)) is PRICES
    assert prices_on(table, date(2026, 6, 30)) is PRICES
    assert prices_on(table, date(2026, 7, 1)) is dearer
    assert prices_on(table, date(2030, 1, 1)) is dearer
    with pytest.raises(ValueError, match="No price is in force on 2025-12-31"):
        prices_on(table, date(2025, 12, 31))
