"""Icons: Lucide's tag, which copies and writes the whole picture each time, with each picture written once."""

from functools import lru_cache

from django import template
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide as draw

register = template.Library()


@register.simple_tag
@lru_cache(maxsize=1000)
def lucide(name: str, size: int = 24, **attributes: str) -> SafeString:
    return SafeString(draw(name, size=size, **attributes))
