"""Icons: Lucide's tag. An icon that the template names outright is text by the time the template is read."""

from functools import lru_cache

from django import template
from django.template.base import FilterExpression, Node, Parser, TextNode, Token, Variable, token_kwargs
from django.template.context import Context
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide as draw

register = template.Library()


class Icon(Node):
    def __init__(self, name: FilterExpression, options: dict[str, FilterExpression]) -> None:
        self._name, self._options = name, options

    def render(self, context: Context) -> SafeString:
        options = {name: value.resolve(context) for name, value in self._options.items()}
        return picture(self._name.resolve(context), **options)


@register.tag
def lucide(parser: Parser, token: Token) -> Node:
    """`{% lucide "play" size=18 class="spin" aria_hidden="true" %}`"""
    _, name, *rest = token.split_contents()
    icon, options = parser.compile_filter(name), token_kwargs(rest, parser)
    if rest:
        raise template.TemplateSyntaxError(f"lucide takes a name and options, not {rest}")
    node = Icon(icon, options)
    return TextNode(node.render(Context())) if all(map(_is_constant, (icon, *options.values()))) else node


def _is_constant(value: FilterExpression) -> bool:
    return not value.filters and not (isinstance(value.var, Variable) and value.var.lookups)


@lru_cache(maxsize=1000)
def picture(name: str, size: int = 24, **attributes: str) -> SafeString:
    return SafeString(draw(name, size=size, **attributes))
