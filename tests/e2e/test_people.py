"""People in their own browsers: inviting, joining, second factors, passkeys, signing out elsewhere."""

import re
from collections.abc import Callable, Iterator

import pyotp
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Opened, sign_in
from tests.e2e.studio import Studio
from tests.e2e.template import EMAIL, PASSWORD
from tests.mailbox import Mailbox, mailbox

Open = Callable[[], Page]


@pytest.fixture
def another(opened: Opened, studio: Studio) -> Open:
    """A browser of somebody else."""
    return lambda: opened(studio, signed_in=False)


def invite(page: Page, studio: Studio, role: str, email: str = "") -> str:
    """The link that the page shows."""
    page.goto(f"{studio.url}/team/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Role", exact=True).select_option(label=role)
    page.get_by_role("button", name="Invite", exact=True).click()
    return page.locator("tr.is-new .link-field").input_value()


def join(page: Page, link: str, name: str, email: str = "") -> None:
    page.goto(link)
    page.get_by_label("Your name").fill(name)
    if email:
        page.get_by_label("Your email").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_text("Welcome to")).to_be_visible()


def confirm(page: Page) -> None:
    """The password once more, where it is asked for. Then the page is there with its scripts."""
    if "/reauthenticate/" in page.url:
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Continue").click()
    page.wait_for_load_state()


def test_a_viewer_joins_by_link_and_makes_nothing(wide: Page, studio: Studio, another: Open) -> None:
    rosa = another()
    join(rosa, invite(wide, studio, "Viewer"), "Rosa Keller", "rosa@client.example")
    rosa.goto(f"{studio.url}/")
    expect(rosa.get_by_text("You can watch and comment")).to_be_visible()
    expect(rosa.get_by_text("Generate")).to_have_count(0)

    wide.goto(f"{studio.url}/team/")
    wide.get_by_label("Role of Rosa Keller").select_option(label="Creator")
    expect(wide.get_by_text("Rosa Keller is now creator.")).to_be_visible()
    rosa.goto(f"{studio.url}/")
    expect(rosa.locator("#generate")).to_be_visible()

    wide.get_by_label("More about Rosa Keller").click()
    wide.get_by_role("link", name="Remove…").click()
    wide.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(wide.get_by_text("was removed from the team")).to_be_visible()
    rosa.goto(f"{studio.url}/videos/")
    expect(rosa.get_by_role("heading", name="You are not in a team")).to_be_visible()


def test_an_authenticator_app_from_setting_up_to_signing_in(wide: Page, studio: Studio, another: Open) -> None:
    dana = another()
    join(dana, invite(wide, studio, "Creator"), "Dana Totp", "dana@northlight.example")
    dana.goto(f"{studio.url}/accounts/2fa/totp/activate/")
    confirm(dana)
    app = pyotp.TOTP(dana.get_by_label("Or type this secret").input_value())
    dana.get_by_label("Code").fill(app.now())
    dana.get_by_role("button", name="Set up").click()
    expect(dana.get_by_role("heading", name="Recovery codes")).to_be_visible()
    code = dana.locator(".codes code").first.inner_text()

    elsewhere = another()
    elsewhere.goto(f"{studio.url}/accounts/login/")
    elsewhere.get_by_label("Email").fill("dana@northlight.example")
    elsewhere.get_by_label("Password", exact=True).fill(PASSWORD)
    elsewhere.get_by_role("button", name="Sign in", exact=True).click()
    elsewhere.get_by_label("Code").fill("000000")
    elsewhere.get_by_role("button", name="Sign in").click()
    expect(elsewhere.get_by_text("Incorrect code")).to_be_visible()
    elsewhere.get_by_label("Code").fill(code)
    elsewhere.get_by_role("button", name="Sign in").click()
    elsewhere.wait_for_url(f"{studio.url}/")

    dana.goto(f"{studio.url}/account/sessions/")
    dana.get_by_role("button", name="Sign out everywhere else").click()
    expect(dana.get_by_text("Signed out in 1 other place.")).to_be_visible()
    elsewhere.goto(f"{studio.url}/videos/")
    expect(elsewhere).to_have_url(re.compile("/accounts/login/"))


def test_a_passkey_from_adding_to_signing_in(studio: Studio, another: Open) -> None:
    page = another()
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    options |= {"hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    base = studio.url.replace("127.0.0.1", "localhost")
    page.goto(f"{base}/accounts/login/")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.goto(f"{base}/account/")
    page.get_by_role("link", name="Add a passkey").click()
    confirm(page)
    page.get_by_label("Sign in with it without the password").check()
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()

    page.context.clear_cookies()
    page.goto(f"{base}/accounts/login/")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"{base}/")
    page.goto(f"{base}/account/")
    page.get_by_role("link", name="Remove").first.click()
    confirm_or_passkey(page)
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("link", name="Add a passkey")).to_be_visible()


def confirm_or_passkey(page: Page) -> None:
    """Either is enough where it is asked for: the password, or the passkey."""
    page.wait_for_load_state()
    if page.get_by_role("button", name="Use the passkey").count():
        page.get_by_role("button", name="Use the passkey").click()
        page.wait_for_url(lambda url: "/reauthenticate/" not in url)
    confirm(page)


def test_passkeys_explain_where_they_cannot_be(wide: Page, studio: Studio) -> None:
    wide.goto(f"{studio.url}/account/")
    expect(wide.get_by_text("Open http://localhost:")).to_be_visible()


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as box:
        yield box


def test_by_mail_an_invitation_and_a_forgotten_password(
    start_studio: Callable[..., Studio], box: Mailbox, opened: Opened
) -> None:
    studio = start_studio(EMAIL_URL=f"smtp://127.0.0.1:{box.port}")
    ben, ines, fresh = (opened(studio, signed_in=False) for _ in range(3))
    sign_in(ben, studio)
    invite(ben, studio, "Creator", "ines@northlight.example")
    join(ines, box.link_to("ines@northlight.example"), "Ines Duarte")

    fresh.goto(f"{studio.url}/accounts/login/")
    fresh.get_by_role("link", name="Forgot your password?").click()
    fresh.get_by_label("Email").fill(EMAIL)
    fresh.get_by_role("button", name="Send the link").click()
    expect(fresh.get_by_role("heading", name="Check your mail")).to_be_visible()
    fresh.goto(box.link_to(EMAIL))
    for field in fresh.locator("input[type=password]").all():
        field.fill("another-battery-staple")
    fresh.get_by_role("button", name="Save password").click()
    expect(fresh.get_by_role("heading", name="Your password is changed")).to_be_visible()
