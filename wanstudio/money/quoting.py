"""Today's quote: the one function that the preview and the charge both call."""

from django.conf import settings
from django.utils import timezone

from wanstudio.money.pricing import Quote, prices_on, quote

RESOLUTIONS = ("480p", "720p")


def quote_today(duration: float, resolution: str) -> Quote:
    """What a motion of `duration` seconds costs at `resolution` by the price table in force today."""
    return quote(duration, resolution, prices_on(settings.PRICES, timezone.now().date()))
