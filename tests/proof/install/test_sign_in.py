"""The company's sign-in in a browser: from the button to a playing video, and what is left without the issuer."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests import docs_commands
from tests.e2e.conftest import Opened
from tests.e2e.studio import Studio
from tests.e2e.template import PASSWORD
from tests.e2e.test_journey import generate, watch_it_play
from tests.issuer import SECRET, Issuer, running


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running() as own:
        own.is_person("sub-ines", "ines@example.com", name="Ines")
        yield own


def test_company_account_to_a_playing_video_and_the_owner_when_it_is_away(
    start_studio: Callable[..., Studio], opened: Opened, issuer: Issuer, tmp_path: Path
) -> None:
    kept = tmp_path / "client-secret"
    kept.write_text(f"{SECRET}\n")
    here = {"https://login.example.com/realms/company": issuer.url, "/run/secrets/oidc_client_secret": str(kept)}
    studio = start_studio(owner=False, **docs_commands.settings("docs/sign-in.md", "With the company's accounts", here))
    founding = {".venv/bin/python": sys.executable, "…": PASSWORD, "Your team": "Northlight"}
    docs_commands.run(docs_commands.commands("docs/sign-in.md", "The first owner", founding), studio.root, studio.env)
    page = opened(studio, signed_in=False, viewport={"width": 1440, "height": 900})

    page.goto(f"{studio.url}/usage/")
    expect(page.get_by_label("Password", exact=True)).to_have_count(0)
    page.get_by_role("link", name="Continue with Northlight ID").click()
    page.wait_for_url(f"{studio.url}/usage/")
    page.goto(f"{studio.url}/account/")
    expect(page.get_by_role("main").get_by_text("ines@example.com")).to_be_visible()
    expect(page.get_by_text("Changing it signs you out everywhere else.")).to_have_count(0)

    page.goto(studio.url)
    page.get_by_role("button", name="Use the sample").click()
    generate(page)
    watch_it_play(page)

    page.goto(f"{studio.url}/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Continue with Northlight ID")).to_be_visible()

    issuer.is_person("sub-eve", "eve@elsewhere.example", name="Eve")
    page.get_by_role("link", name="Continue with Northlight ID").click()
    expect(page.get_by_text("Ask you, who runs this studio.")).to_be_visible()

    issuer.instead["/.well-known/openid-configuration"] = lambda: (503, {})
    page.get_by_role("link", name="Try again with Northlight ID").click()
    expect(page.get_by_role("heading", name="Northlight ID cannot be reached")).to_be_visible()
    page.get_by_role("link", name="I am the owner").click()
    expect(page.get_by_label("Email")).to_be_visible()
    page.get_by_label("Email").fill("you@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{studio.url}/")
    assert SECRET not in studio.said()
