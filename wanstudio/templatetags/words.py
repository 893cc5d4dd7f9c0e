"""Template filters and tags: ratios, lengths, sums and times as pages write them."""

import math
import re
from datetime import datetime
from decimal import Decimal

from django import template
from django.conf import settings
from django.template.defaultfilters import linebreaksbr, pluralize
from django.utils import timezone
from django.utils.html import escape, format_html, urlize
from django.utils.safestring import SafeString, mark_safe

from wanstudio.accounts.models import User
from wanstudio.jobs.job_progress import time_left
from wanstudio.money.models import BalanceReading, Money
from wanstudio.provider import providers
from wanstudio.review.models import Comment
from wanstudio.templatetags.routes import address
from wanstudio.uploads.models import Source
from wanstudio.videos.models import Video
from wanstudio.web.file_answers import tag_of

register = template.Library()
register.filter("left", time_left)

RATIOS = {f"r-{w}x{h}": w / h for w, h in ((9, 16), (2, 3), (3, 4), (1, 1), (4, 3), (3, 2), (16, 9))}


@register.simple_tag
def ratio(width: int, height: int) -> str:
    """The class of the nearest ratio that the stylesheet knows."""
    shape = width / height if width and height else 1.0
    return min(RATIOS, key=lambda name: abs(RATIOS[name] - shape))


@register.simple_tag
def lasting(route: str, pk: int, stored: object) -> str:
    """The address of a stored file that its browser keeps: it changes with the file."""
    return f"{address(route, pk)}?v={tag_of(str(stored))}"


@register.simple_tag
def placeholder(row: Source | Video, kind: str = "") -> SafeString | str:
    """Its poster in some pixels, to lie under the poster: it comes with the page, where the content policy takes it."""
    if not row.placeholder:
        return ""
    picture = '<img class="{}" src="data:image/webp;base64,{}" width="{}" height="{}" alt="">'
    return format_html(picture, f"placeholder {kind}".strip(), row.placeholder, row.width, row.height)


@register.simple_tag
def can_send_mail() -> bool:
    return bool(settings.EMAIL_URL)


@register.filter
def seconds(length: float | None) -> str:
    """`14.2 s`."""
    return "" if length is None else f"{float(length):.1f} s"


@register.filter
def timecode(at: float) -> str:
    """`0:03.4`, cut as the player's clock cuts it."""
    tenths = math.floor(at * 10 + 1e-6)
    return f"{tenths // 600}:{tenths // 10 % 60:02}.{tenths % 10}"


@register.simple_tag
def frame_code(video: Video, at: float) -> str:
    """`00:00:03:12`, the frame of a video at this time; `0:03.4` where its frames are not known."""
    return video.timing.timecode(at) if video.timing else timecode(at)


@register.filter
def plain(number: float | None) -> str:
    """For scripts and addresses: `3.433`, empty for None."""
    return "" if number is None else f"{number:.3f}"


@register.filter
def said(comment: Comment) -> SafeString:
    """The words of a comment as HTML: lines, who is mentioned, and a member's links; a guest's stay text."""
    text: str = escape(comment.text)
    if comment.author_id:
        text = urlize(text, nofollow=True, autoescape=False)
        for person in comment.mentions.all():
            for name in (escape(str(person)), escape(given(person))):
                if f"@{name}".lower() in text.lower():
                    text = re.sub(rf"@{re.escape(name)}(?!\w)", r"<b>\g<0></b>", text, flags=re.IGNORECASE)
                    break
    return mark_safe(linebreaksbr(text, autoescape=False))  # noqa: S308 (escaped above)


@register.filter
def given(person: User) -> str:
    """The first of a person's names, where there is little room."""
    return str(person).split(maxsplit=1)[0]


@register.filter
def provider_name(provider: str) -> str:
    """Within a sentence: a provider, or `the sandbox`."""
    return providers.get(provider).display_name


@register.filter
def dollars(amount: Decimal) -> str:
    """`$1.14`, `−$1.14`."""
    return f"{'−' if amount < 0 else ''}${abs(amount):.2f}"


@register.filter
def fall(around: tuple[BalanceReading, BalanceReading]) -> Decimal:
    """By how much the balance fell between two readings of it, dollars: for who cannot know the balance itself."""
    before, after = around
    return (before.balance or Decimal(0)) - (after.balance or Decimal(0))


@register.filter
def fell(amount: Decimal) -> str:
    """What a balance did: `fell by $1.14`, `rose by $1.14`, `did not change`."""
    if not amount:
        return "did not change"
    return f"{'fell' if amount > 0 else 'rose'} by {dollars(abs(amount))}"


@register.filter
def money_word(kind: str) -> str:
    return str(Money(kind).label)


@register.simple_tag
def at(moment: datetime) -> SafeString:
    """`10:41:02`. The page's script turns it into the reader's own time."""
    return _time(moment, "clock", f"{moment:%H:%M:%S}")


@register.simple_tag
def ago(moment: datetime) -> SafeString:
    """`2 hours ago`, with the exact time on hover; the script keeps it true."""
    return _time(moment, "ago", since(moment))


@register.simple_tag
def date_time(moment: datetime) -> SafeString:
    """`23 Nov, 02:14`, for what is still to come."""
    return _time(moment, "date", f"{moment:%-d %b, %H:%M} UTC")


def since(moment: datetime) -> str:
    """`just now`, `1 minute ago`, `3 days ago`, and a date from a month on."""
    minutes = int((timezone.now() - moment).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    for size, name in ((43_200, ""), (1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = minutes // size
            return f"{count} {name}{pluralize(count)} ago" if name else f"{moment:%-d %b %Y}"
    return ""


def _time(moment: datetime, kind: str, words: str) -> SafeString:
    exact = f"{moment:%-d %b %Y, %H:%M:%S} UTC"
    # No sign of it has to be escaped, and a job's page has ten of them.
    return mark_safe(f'<time datetime="{moment.isoformat()}" data-time="{kind}" title="{exact}">{words}</time>')  # noqa: S308
