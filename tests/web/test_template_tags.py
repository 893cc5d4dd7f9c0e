"""Tags that work out once what every page asks for: icons and addresses are what Lucide and Django would write."""

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.template.base import TextNode
from django.urls import NoReverseMatch, reverse, set_script_prefix
from lucide.templatetags.lucide import lucide


def html(text: str, **values: object) -> str:
    return Template("{% load lucide %}" + text).render(Context(values))


def test_icon_that_the_template_names_is_text_once_it_is_read() -> None:
    read = Template('{% load lucide %}{% lucide "play" size=18 class="spin" aria_hidden="true" %}')
    assert isinstance(read.nodelist[-1], TextNode)
    assert read.render(Context()) == lucide("play", size=18, **{"class": "spin", "aria_hidden": "true"})


def test_icon_of_a_variable_is_written_as_it_is_asked_for() -> None:
    expected = lucide("play", size=20, **{"class": "a&b"})
    assert html("{% lucide icon size=size class=kind %}", icon="play", size=20, kind="a&b") == expected


def test_icon_takes_a_name_and_options_only() -> None:
    with pytest.raises(TemplateSyntaxError):
        html('{% lucide "play" "pause" %}')


def test_address_is_that_of_its_route() -> None:
    assert html("{% url 'jobs.show' pk %} {% url 'jobs.show' 8 %}", pk=7) == "/jobs/7/ /jobs/8/"
    two = html("{% url 'tries.decide' job try as it %}[{{ it }}]", **{"job": 3, "try": 4})
    assert two == f"[{reverse('tries.decide', args=[3, 4])}]"
    assert html("{% url 'shared.show' token %}", token="a b") == reverse("shared.show", args=["a b"])
    assert html("{% url 'jobs.show' pk=pk %}", pk=9) == "/jobs/9/"


def test_address_that_no_route_has_is_an_error() -> None:
    for text in ("{% url 'jobs.nowhere' %}", "{% url 'jobs.show' pk %}", "{% url 'jobs.show' 1 2 %}"):
        with pytest.raises(NoReverseMatch):
            html(text, pk="x")


def test_address_follows_where_the_studio_is_mounted() -> None:
    assert html("{% url 'jobs.show' 7 %}") == "/jobs/7/"
    set_script_prefix("/studio/")
    try:
        assert html("{% url 'jobs.show' 7 %}") == "/studio/jobs/7/"
    finally:
        set_script_prefix("/")
