"""The price of a video, before it is made: options in, Quote out.

Pure and small on purpose: the live preview, the click on Generate and the stored job all call `quote`, so they cannot
disagree. The limits of billing are the model's, in its provider's description.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from wanstudio.provider.base import BillingLimits


@dataclass(frozen=True)
class Quote:
    """The price of one video. Times are seconds, money is US dollars; `price` is in whole cents."""

    duration: Decimal
    billed_seconds: Decimal
    unit_price: Decimal
    price: Decimal
    resolution: str

    @property
    def is_clamped(self) -> bool:
        return self.billed_seconds != self.duration

    @property
    def is_too_long(self) -> bool:
        """Whether the clip continues after what is billed, and so after what is generated."""
        return self.duration > self.billed_seconds

    @property
    def clip(self) -> str:
        """The clip's length: "3.2 s"."""
        rounded = [f"{self.duration:.{digits}f}".rstrip("0").rstrip(".") for digits in (1, 2, 3)]
        return next(text for text in (*rounded, f"{self.duration:f}") if self._is_honest(Decimal(text))) + " s"

    @property
    def seconds(self) -> str:
        """What is multiplied: "3.2 s, billed as 5 s"."""
        return f"{self.clip}, billed as {self.billed_seconds} s" if self.is_clamped else self.clip

    @property
    def formula(self) -> str:
        """ "3.2 s, billed as 5 s × $0.04"."""
        return f"{self.seconds} × {_dollars(self.unit_price)}"

    @property
    def times(self) -> str:
        """ "× $0.04 = $0.20", and what is left out."""
        rest = ", the rest is not generated" if self.is_too_long else ""
        return f"× {_dollars(self.unit_price)} = {_dollars(self.price)}{rest}"

    @property
    def reason(self) -> str:
        """The sum as people check it: "3.2 s, billed as 5 s × $0.04 = $0.20"."""
        return f"{self.seconds} {self.times}"

    def _is_honest(self, shown: Decimal) -> bool:
        # Rounded for display, a length must cross no billing limit, nor give another price when multiplied.
        if not self.is_clamped:
            return _cents(shown * self.unit_price) == self.price
        return shown > self.billed_seconds if self.is_too_long else 0 < shown < self.billed_seconds


def quote(duration: Decimal | float, resolution: str, prices: Mapping[str, Decimal], limits: BillingLimits) -> Quote:
    """Price a motion clip of `duration` seconds (the container's) at a resolution, with dollars per second in `prices`.

    Raises ValueError for a resolution without a price, for a length that the provider refuses, and for one that is
    not finite or not above zero: a length that could not be read must never turn into the minimum price.
    """
    if resolution not in prices:
        raise ValueError(f"There is no price for the resolution {resolution!r}.")
    # Through str: Decimal(14.2) would carry the float's binary tail into the sentence and the database.
    seconds = duration if isinstance(duration, Decimal) else Decimal(str(duration))
    if not seconds.is_finite() or seconds <= 0:
        raise ValueError(f"{duration} is not the length of a clip.")
    billed_seconds = min(max(seconds, Decimal(limits.min_s)), Decimal(limits.max_s))
    if limits.refuses_outside and billed_seconds != seconds:
        raise ValueError(f"A clip of {duration} s is not taken.")
    unit_price = prices[resolution]
    return Quote(seconds, billed_seconds, unit_price, _cents(billed_seconds * unit_price), resolution)


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _dollars(amount: Decimal) -> str:
    cents = _cents(amount)
    return f"${cents if cents == amount else amount.normalize():f}"
