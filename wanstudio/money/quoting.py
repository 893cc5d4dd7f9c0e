"""Today's quote: the one function that the preview and the charge both call."""

from django.conf import settings
from django.utils import timezone

from wanstudio.keys import in_force
from wanstudio.money.pricing import Quote, quote
from wanstudio.provider.base import prices_on

RESOLUTIONS = in_force.model().resolution_names


def quote_today(duration: float, resolution: str) -> Quote:
    """What a motion of `duration` seconds costs at `resolution` by the price table in force today."""
    prices = prices_on(settings.PRICES, timezone.now().date())
    return quote(duration, resolution, prices, in_force.model().billing)
