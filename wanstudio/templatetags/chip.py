"""Chips: the word, icon and tone of a state, from `ui/_chip.html`, which is rendered once for each state."""

from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
@lru_cache(maxsize=100)
def chip(state: str) -> SafeString:
    return render_to_string("ui/_chip.html", {"state": state})
