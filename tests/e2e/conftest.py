"""Real processes and a real browser. One studio serves the module that asks; what kills things starts its own."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, Page

from tests.e2e.studio import Studio
from tests.needs import browser as chromium

PASSWORD = "correct-horse-battery"
EMAIL = "ben@northlight.example"
QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required"]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": chromium(), "args": [*QUIET, *root]}


@pytest.fixture(scope="session")
def launch_browser(browser_type_launch_args: dict[str, Any], browser_type: BrowserType) -> Callable[..., Browser]:
    return lambda **more: browser_type.launch(**{**browser_type_launch_args, **more})


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio in the sandbox with its owner, shared by the module's tests."""
    made = Studio(tmp_path_factory.mktemp("studio") / "data")
    made.start()
    made.manage("createowner", "--email", EMAIL, "--team", "Northlight", "--name", "Ben", WANSTUDIO_PASSWORD=PASSWORD)
    yield made
    made.stop()


@pytest.fixture
def start_studio(tmp_path: Path) -> Iterator[Callable[..., Studio]]:
    """Start studios of the test's own: `start_studio(APIXO_API_KEY=…)`, with an owner unless `owner=False`."""
    made: list[Studio] = []

    def start(*, owner: bool = True, **env: str) -> Studio:
        fresh = Studio(tmp_path / f"data{len(made)}", **env)
        made.append(fresh)
        fresh.start()
        if owner:
            words = ("createowner", "--email", EMAIL, "--team", "Northlight", "--name", "Ben")
            fresh.manage(*words, WANSTUDIO_PASSWORD=PASSWORD)
        return fresh

    yield start
    for each in made:
        each.stop()


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
def signed_in(studio: Studio, context: BrowserContext, watched: Watched) -> Page:
    """A page of the module's studio, signed in as its owner."""
    page = watched.watch(context.new_page())
    sign_in(page, studio)
    return page


def sign_in(page: Page, studio: Studio) -> None:
    page.goto(f"{studio.url}/accounts/login/")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{studio.url}/")
