"""Form marks: `{% csrf_token %}` in every template, Django's field, and beside it the form's person and page."""

from typing import cast

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from wanstudio.web.typed_words import FIELD, mark
from wanstudio.web.way_back import shown_on

register = template.Library()


@register.simple_tag(takes_context=True)
def csrf_token(context: Context) -> SafeString:
    """Replaces Django's tag of this name, so that no form can be without the mark."""
    token, request = context.get("csrf_token"), context.get("request")
    if not token or request is None:
        return SafeString("")
    # The same for all forms of an answer: a wall has hundreds.
    if not hasattr(request, "form_mark"):
        field = '<input type="hidden" name="{}" value="{}">'
        own = mark(request, shown_on(request))
        request.form_mark = format_html(field * 2, "csrfmiddlewaretoken", token, FIELD, own)
    return cast(SafeString, request.form_mark)
