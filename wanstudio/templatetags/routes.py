"""Addresses in templates: Django's `{% url %}`, which works a route out once a process and then fills in the ids."""

from functools import cache

from django import template
from django.template.base import Parser, Token
from django.template.context import Context
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as django_url
from django.urls import get_script_prefix, reverse

register = template.Library()
# Ids that no row has: in an address they show where the real ones belong.
MARK = 10**17


class Address(URLNode):
    def render(self, context: Context) -> str:
        ids = [arg.resolve(context) for arg in self.args]
        if self.kwargs or not all(type(pk) is int and pk >= 0 for pk in ids):
            return str(super().render(context))
        url = address(self.view_name.resolve(context), *ids)
        if self.asvar:
            context[self.asvar] = url
            return ""
        return url


@register.tag
def url(parser: Parser, token: Token) -> Address:
    node = django_url(parser, token)
    return Address(node.view_name, node.args, node.kwargs, node.asvar)


def address(name: str, *ids: int) -> str:
    """The same as `reverse`."""
    return _shape(get_script_prefix(), name, len(ids)).format(*ids)


@cache
def _shape(prefix: str, name: str, count: int) -> str:
    marks = [MARK + number for number in range(count)]
    found = reverse(name, args=marks)
    for mark in marks:
        found = found.replace(str(mark), "{}")
    return found
