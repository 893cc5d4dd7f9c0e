"""Compression of pages: the large ones, if the browser asks for it, and never where a length could tell a secret."""

import gzip

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from wanstudio.web.middleware import COMPRESSED, MIN_COMPRESSED_BYTES

ASKS = {"HTTP_ACCEPT_ENCODING": "gzip, deflate, br, zstd"}
NEVER = ["/team/", "/settings/", "/settings/webhook/", "/account/tokens/", "/account/", "/invite/none/", "/s/none/"]


def encoding(client: Client, path: str, *, secure: bool = False, **headers: str) -> str | None:
    answer = client.get(path, secure=secure, **ASKS | headers)  # type: ignore[arg-type]
    return answer.get("Content-Encoding")


@pytest.mark.parametrize("name", sorted(name for name in COMPRESSED if not name.endswith(".show")))
def test_large_pages_are_compressed_and_stay_private(as_alice: Client, nobody: Client, name: str) -> None:
    client, path = nobody if name == "account_login" else as_alice, reverse(name)
    page = client.get(path, **ASKS)  # type: ignore[arg-type]
    assert page["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in page["Vary"]
    assert page["Cache-Control"] == "private, no-store" or name == "account_login"
    whole = gzip.decompress(page.content)
    assert len(page.content) < len(whole) / 2
    assert b"</html>" in whole
    assert encoding(client, path, HTTP_ACCEPT_ENCODING="identity") is None


@pytest.mark.parametrize("path", NEVER)
def test_pages_that_show_secrets_are_not_compressed(as_alice: Client, path: str) -> None:
    assert encoding(as_alice, path) is None


def test_what_another_site_asks_for_is_not_compressed(as_alice: Client) -> None:
    said = {site: encoding(as_alice, "/videos/", HTTP_SEC_FETCH_SITE=site) for site in ("none", "same-origin")}
    assert set(said.values()) == {"gzip"}
    for site in ("cross-site", "same-site", "anything"):
        assert encoding(as_alice, "/videos/?q=guess", HTTP_SEC_FETCH_SITE=site) is None


def test_over_https_a_browser_has_to_say_where_a_request_comes_from(as_alice: Client) -> None:
    assert encoding(as_alice, "/videos/", secure=True) is None
    assert encoding(as_alice, "/videos/", secure=True, HTTP_SEC_FETCH_SITE="same-origin") == "gzip"


def test_the_same_page_has_many_lengths(as_alice: Client) -> None:
    lengths = {len(as_alice.get("/api/", **ASKS).content) for _ in range(12)}  # type: ignore[arg-type]
    assert len(lengths) > 4


def test_answers_to_forms_polls_and_short_answers_are_not_compressed(as_alice: Client) -> None:
    assert as_alice.post("/jobs/", {}, **ASKS).get("Content-Encoding") is None  # type: ignore[arg-type]
    assert encoding(as_alice, "/jobs/status/?as=rows&seen=") is None
    assert len(as_alice.get("/healthz").content) < MIN_COMPRESSED_BYTES
    assert encoding(as_alice, "/healthz") is None


def test_compression_is_outside_of_what_changes_a_page() -> None:
    order = settings.MIDDLEWARE
    assert order.index("wanstudio.web.middleware.Compressed") < order.index("wanstudio.web.way_back.WayBack")
