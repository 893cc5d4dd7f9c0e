"""Prices: dollars a second by resolution, each from a day on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

PriceTable = list[tuple[date, dict[str, Decimal]]]
"""Rows of (effective date, {resolution: dollars a second})."""


@dataclass(frozen=True)
class Price:
    """Dollars a second, from this day on."""

    effective: date
    dollars: Decimal


@dataclass(frozen=True)
class Resolution:
    name: str
    prices: tuple[Price, ...]

    def price_on(self, day: date) -> Decimal | None:
        started = [price for price in self.prices if price.effective <= day]
        return max(started, key=lambda price: price.effective).dollars if started else None


def price_table(resolutions: Iterable[Resolution]) -> PriceTable:
    """A row for each day on which a price changes, with every price in force from then on."""
    found = list(resolutions)
    days = sorted({price.effective for resolution in found for price in resolution.prices})
    return [
        (day, {each.name: dollars for each in found if (dollars := each.price_on(day)) is not None}) for day in days
    ]


def prices_on(table: Sequence[tuple[date, Mapping[str, Decimal]]], day: date) -> Mapping[str, Decimal]:
    """Those in force on `day`: the row with the newest effective date not after it.

    Raises ValueError if no row is in force yet.
    """
    in_force = [row for row in table if row[0] <= day]
    if not in_force:
        raise ValueError(f"No price is in force on {day.isoformat()}.")
    return max(in_force, key=lambda row: row[0])[1]
