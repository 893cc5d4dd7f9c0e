"""Pages of a studio in use: accessible, within the content policy, behind strict headers. Both themes: tests/proof."""

import pytest
import requests
from playwright.sync_api import Page

from tests.e2e.axe import LOOKED_AT, go_over
from tests.e2e.conftest import Opened
from tests.e2e.pages import OWNER, SIGNED_OUT, in_use
from tests.e2e.person import Person
from tests.e2e.studio import Studio
from tests.e2e.windows import Window


@pytest.fixture(scope="module")
def full(studio: Studio, person: Person) -> list[str]:
    return in_use(studio, person)


def test_pages_in_use_are_accessible(opened: Opened, studio: Studio, size: Window, full: list[str]) -> None:
    go_over(opened(studio, **size, **LOOKED_AT), studio, [*full, *OWNER], themes=["dark"])


def test_content_policy_is_never_broken(page: Page, studio: Studio, full: list[str]) -> None:
    """What a page complains of fails this as it ends: see `watched`."""
    for address in [*full, *OWNER]:
        page.goto(studio.url + address)


def test_strict_headers_everywhere(studio: Studio, person: Person, full: list[str]) -> None:
    job = full[5]
    for address in [*full, *OWNER, "/healthz", "/jobs/status/?as=rows&seen=1:1", "/uploads/1/file", "/static/none.js"]:
        strict(person.get(address))
    for address in SIGNED_OUT:
        strict(requests.get(studio.url + address, timeout=30))
    strict(requests.post(studio.url + job + "cancel/", timeout=30))


def strict(answer: requests.Response) -> None:
    said = {name.lower(): value for name, value in answer.headers.items()}
    policy = said.get("content-security-policy", "")
    assert "default-src 'none'" in policy, answer.url
    assert "frame-ancestors 'none'" in policy, answer.url
    assert "unsafe" not in policy, answer.url
    assert " http" not in policy, answer.url
    assert said.get("x-frame-options") == "DENY", answer.url
    assert said.get("x-content-type-options") == "nosniff", answer.url
    assert said.get("referrer-policy") == "same-origin", answer.url
