"""Real processes and a real browser: one of each for all tests of a process. What kills a studio starts its own."""

import asyncio
import os
import warnings
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, Page, expect

from tests.blank import WINDOW
from tests.e2e.person import Person
from tests.e2e.studio import Studio
from tests.e2e.template import EMAIL, PASSWORD, template
from tests.e2e.windows import PHONE, WIDE, Window
from tests.needs import browser as chromium

QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required"]

# Nobody waits longer than it takes; a busy machine may take this long.
SOON_MS = 60_000
expect.set_options(timeout=SOON_MS)

Opened = Callable[..., Page]
CLOSES_WITHIN_S = 60


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On a phone only what asks for its `size`; the rest is the same as in the wide window."""
    if WINDOW == "phone":
        other = [item for item in items if "size" not in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=other)
        items[:] = [item for item in items if item not in other]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": chromium(), "args": [*QUIET, *root]}


@pytest.fixture(scope="session")
def launch_browser(browser_type_launch_args: dict[str, Any], browser_type: BrowserType) -> Callable[..., Browser]:
    return lambda **more: browser_type.launch(**{**browser_type_launch_args, **more})


# --- studios ------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all processes that share out the tests."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own) / "studios"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def running_studio(templates: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """The studio of all tests of this process that neither configure nor kill it."""
    made = Studio(tmp_path_factory.mktemp("studio") / "data", template(templates, owner=True))
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def studio(running_studio: Studio) -> Studio:
    """A studio in the sandbox with its owner and nothing else in it; shared by the module's tests."""
    running_studio.reset()
    return running_studio


@pytest.fixture
def start_studio(tmp_path: Path, templates: Path) -> Iterator[Callable[..., Studio]]:
    """Start studios of the test's own: `start_studio(APIXO_API_KEY=…)`, with an owner unless `owner=False`."""
    made: list[Studio] = []

    def start(*, owner: bool = True, **env: str) -> Studio:
        fresh = Studio(tmp_path / f"data{len(made)}", template(templates, owner=owner), **env)
        made.append(fresh)
        return fresh.start()

    yield start
    for each in made:
        each.stop()


@pytest.fixture(scope="module")
def person(studio: Studio) -> Person:
    """Ben, without a browser."""
    return Person(studio)


# --- pages --------------------------------------------------------------------------------------------


class Watched:
    """What the browser complained about: refused by the content policy, or thrown by a script."""

    def __init__(self) -> None:
        self.complaints: list[str] = []

    def watch(self, page: Page) -> Page:
        page.on("console", lambda said: self._note(said.type, said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def _note(self, kind: str, text: str) -> None:
        if kind == "error" and ("Content Security Policy" in text or "Uncaught" in text):
            self.complaints.append(text)


@pytest.fixture
def watched() -> Iterator[Watched]:
    """Fails the test afterwards if a page broke the content policy or threw."""
    watch = Watched()
    yield watch
    assert not watch.complaints


@pytest.fixture
def opened(browser: Browser, watched: Watched) -> Iterator[Opened]:
    """An empty page in a context of its own: `opened(studio, signed_in=True, **options of the browser's context)`."""
    contexts: list[BrowserContext] = []

    def fresh(studio: Studio, *, signed_in: bool = True, **options: Any) -> Page:
        contexts.append(context := browser.new_context(**options))
        context.set_default_timeout(SOON_MS)
        if signed_in:
            enter(context, studio)
        return watched.watch(context.new_page())

    yield fresh
    for context in contexts:
        close(context)


@pytest.fixture
def size() -> Window:
    """The window of this run, for what looks different on a phone."""
    return PHONE if WINDOW == "phone" else WIDE


@pytest.fixture
def page(opened: Opened, studio: Studio, size: Window) -> Page:
    """A page of Ben's in that window."""
    return opened(studio, **size)


@pytest.fixture
def wide(opened: Opened, studio: Studio) -> Page:
    return opened(studio, **WIDE)


@pytest.fixture
def plain(opened: Opened, studio: Studio) -> Page:
    """Without JavaScript."""
    return opened(studio, **WIDE, java_script_enabled=False)


def close(context: BrowserContext) -> None:
    """Within a minute: Chromium can leave the call without an answer, and then the browser's end is the context's."""

    async def within(closing: Coroutine[Any, Any, None]) -> bool:
        task = asyncio.ensure_future(closing)
        done, _ = await asyncio.wait({task}, timeout=CLOSES_WITHIN_S)
        return bool(done and not task.result())

    if not context._sync(within(context._impl_obj.close(reason=None))):
        warnings.warn("the browser does not close a context", stacklevel=2)


def enter(context: BrowserContext, studio: Studio) -> None:
    """Signed in as Ben, with the session of everybody who enters like this."""
    cookies = studio.cookies(lambda: Person(studio).session.cookies.get_dict())
    context.add_cookies([{"name": name, "value": value, "url": studio.url} for name, value in cookies.items()])


def sign_in(page: Page, studio: Studio) -> None:
    """A session of the page's own, by the form."""
    page.goto(f"{studio.url}/accounts/login/")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{studio.url}/")
