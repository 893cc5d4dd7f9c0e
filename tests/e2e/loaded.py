"""What a browser without a cache loads for a page, and how many bytes of it came over the wire, headers included."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page

from tests.e2e.conftest import close
from tests.e2e.person import Person
from tests.e2e.studio import Studio

Loaded = dict[str, dict[str, Any]]
"""By the id of the request: the fields of the answer, and `over` with its bytes once it is whole."""


@contextmanager
def first_visit(browser: Browser, studio: Studio, address: str) -> Iterator[tuple[Page, Loaded]]:
    """Signed in, unless it is the page to sign in on."""
    context = browser.new_context(base_url=studio.url)
    context.set_default_timeout(60_000)
    if address != "/accounts/login/":
        for name, value in Person(studio).session.cookies.items():
            context.add_cookies([{"name": name, "value": str(value), "url": studio.url}])
    page = context.new_page()
    line, loaded = context.new_cdp_session(page), Loaded()
    line.send("Network.enable")
    line.on("Network.responseReceived", lambda said: loaded.setdefault(said["requestId"], {}).update(said["response"]))
    line.on("Network.loadingFinished", lambda said: loaded.setdefault(said["requestId"], {}).update(over=said))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    yield page, loaded
    close(context)
