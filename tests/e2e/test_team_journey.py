"""Three people in three browsers and one video: invited, made, discussed, approved, shared with a password, revoked."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Opened
from tests.e2e.studio import Studio, wait_until
from tests.e2e.test_journey import generate, watch_it_play
from tests.e2e.test_people import invite, join
from tests.e2e.test_videos import loaded, now
from tests.e2e.windows import PHONE, WIDE
from tests.mailbox import Mailbox, mailbox, text

INES = "ines@northlight.example"
SECRET = "quay at dawn"
# What another browser did shows within two polls of five seconds; the rest is for a machine that is busy.
SOON_S = 60


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as box:
        yield box


def test_three_people_and_a_video(start_studio: Callable[..., Studio], box: Mailbox, opened: Opened) -> None:
    studio = start_studio(EMAIL_URL=f"smtp://127.0.0.1:{box.port}")
    ben = opened(studio, **WIDE)
    ines = opened(studio, signed_in=False, **WIDE)
    guest = opened(studio, signed_in=False, **PHONE)

    joins_by_mail(ben, ines, studio, box)
    title = makes_the_sample(ines, studio, box)
    says_something_at_two_seconds(ben, studio, title)
    hears_of_it(ines, studio, box, title)
    approves(ben, ines, title)
    link = shares(ines)
    watches(guest, link, title)
    says_something_as_a_guest(guest)
    for member in (ben, ines):
        reads_what_the_guest_said(member)
    expect(bell(ines, f"Dora Klein commented on “{title}”.")).to_be_visible()
    is_shut_out(guest, ines, link)


def joins_by_mail(ben: Page, ines: Page, studio: Studio, box: Mailbox) -> None:
    invite(ben, studio, "Creator", INES)
    mail = box.to(INES, "Join Northlight", SOON_S)
    assert mail["Subject"] == "Join Northlight on Wan Studio"
    assert "Ben" in text(mail)
    assert "creator" in text(mail)
    link = box.link_to(INES, "Join Northlight")
    assert link.startswith(f"{studio.url}/")
    join(ines, link, "Ines Duarte")
    ben.goto(f"{studio.url}/team/")
    expect(ben.get_by_label("Role of Ines Duarte")).to_have_value("creator")
    ben.goto(link)
    expect(ben.get_by_role("heading", name="This invitation has expired")).to_be_visible()


def makes_the_sample(ines: Page, studio: Studio, box: Mailbox) -> str:
    """Her video's title, once she has seen it Ready and had the mail that she wished for."""
    ines.goto(f"{studio.url}/account/notifications/")
    ines.get_by_role("radio", name="Your video is ready Immediately").check()
    ines.get_by_role("button", name="Save").click()
    ines.goto(f"{studio.url}/")
    ines.get_by_role("button", name="Use the sample").click()
    ines.get_by_role("radio", name="480p").check()
    expect(ines.get_by_role("button", name="Generate · $0.20")).to_be_enabled()
    generate(ines)
    watch_it_play(ines)
    title = ines.get_by_role("heading", level=1).inner_text()
    assert ines.url in text(box.to(INES, f"“{title}” is ready", SOON_S))
    ines.get_by_role("link", name="Open the video").click()
    ines.wait_for_url(re.compile(r"/videos/\d+/$"))
    return title


def says_something_at_two_seconds(ben: Page, studio: Studio, title: str) -> None:
    ben.goto(f"{studio.url}/videos/")
    ben.locator(".tile").get_by_role("link", name=title, exact=True).click()
    ben.wait_for_url(re.compile(r"/videos/\d+/$"))
    loaded(player(ben))
    ben.get_by_role("slider", name="Position").fill("2")
    ben.keyboard.press("c")
    expect(ben.get_by_label("Comment", exact=True)).to_be_focused()
    expect(ben.locator("#comment-at")).to_have_value("00:00:02:00")
    ben.keyboard.type("@in")
    expect(ben.get_by_role("option", name="Ines Duarte")).to_be_visible()
    ben.keyboard.press("Enter")
    ben.keyboard.type("the hand is fine here.")
    ben.get_by_role("button", name="Comment", exact=True).click()
    expect(said(ben, "the hand is fine here").get_by_role("link", name="00:00:02:00")).to_be_visible()


def hears_of_it(ines: Page, studio: Studio, box: Mailbox, title: str) -> None:
    """In the page that is open, in the bell, and by mail; each leads to the moment."""
    comment = said(ines, "@Ines Duarte the hand is fine here.")
    expect(comment).to_be_visible()
    told = f"Ben mentioned you in “{title}”."
    bell(ines, told).click()
    ines.wait_for_url(re.compile(r"/videos/\d+/\?t=2\.000#comment-\d+$"))
    stands_at(ines, 2)
    mail = text(box.to(INES, told.rstrip("."), SOON_S))
    assert "the hand is fine here." in mail
    assert ines.url in mail
    assert "Stop these mails: " in mail


def approves(ben: Page, ines: Page, title: str) -> None:
    expect(ines.get_by_role("button", name="Approve", exact=True)).to_have_count(0)
    ben.get_by_role("button", name="Approve", exact=True).click()
    for page in (ben, ines):
        expect(page.locator(".approval .chip")).to_have_text("Approved")
    expect(bell(ines, f"Ben approved “{title}”.")).to_be_visible()


def shares(ines: Page) -> str:
    """The address of a link with a password, for guests who may comment."""
    dialog = sharing(ines)
    dialog.get_by_label("Password").fill(SECRET)
    dialog.get_by_label("Guests can comment").check()
    dialog.get_by_role("button", name="Create link").click()
    expect(dialog.locator(".share")).to_contain_text("No views yet")
    link = dialog.get_by_label("Address of the link").input_value()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    return link


def watches(guest: Page, link: str, title: str) -> None:
    guest.goto(link)
    expect(guest.get_by_role("heading", name="Northlight shared something with you")).to_be_visible()
    assert title not in guest.content()
    guest.get_by_label("Password", exact=True).fill(SECRET)
    guest.get_by_role("button", name="Open", exact=True).tap()
    expect(guest.get_by_role("heading", name=title)).to_be_visible()
    guest.get_by_role("button", name="Loop", exact=True).tap()
    guest.get_by_role("button", name=f"Play {title}").tap()
    plays(guest, since=0)


def says_something_as_a_guest(guest: Page) -> None:
    guest.get_by_role("button", name="Pause", exact=True).tap()
    guest.get_by_role("slider", name="Position").fill("3")
    expect(guest.locator("#comment-at")).to_have_value("00:00:03:00")
    # At the foot of a phone the field is one line until it is touched.
    guest.get_by_label("Comment", exact=True).fill("We love the coat.")
    guest.get_by_label("Your name").fill("Dora Klein")
    guest.get_by_role("button", name="Comment", exact=True).tap()
    expect(said(guest, "We love the coat.")).to_contain_text("Dora Klein")
    expect(said(guest, "the hand is fine here")).to_contain_text("Ben")


def reads_what_the_guest_said(member: Page) -> None:
    comment = said(member, "We love the coat.")
    expect(comment).to_be_visible()
    expect(comment).to_contain_text("Dora Klein")
    expect(comment.locator(".chip")).to_have_text("Guest")
    comment.get_by_role("link", name="00:00:03:00").click()
    stands_at(member, 3)


def is_shut_out(guest: Page, ines: Page, link: str) -> None:
    """Revoked while the guest's video plays: it goes from the screen, and whatever is asked for next is not there."""
    file = str(player(guest).evaluate("video => video.src"))
    assert answers(guest, link, file) == [200, 206]
    dialog = sharing(ines)
    expect(dialog.locator(".share")).to_contain_text("1 view, last")
    guest.get_by_role("button", name="Play", exact=True).tap()
    plays(guest, since=3)
    dialog.get_by_role("button", name="Revoke").click()
    expect(dialog.locator(".share")).to_have_count(0)
    assert answers(guest, link, file) == [404, 404]
    expect(guest.get_by_role("heading", name="This link has expired.")).to_be_visible()
    expect(guest.get_by_text("Ask Northlight for a new one.")).to_be_visible()
    expect(player(guest)).to_have_count(0)
    expect(guest.get_by_text("Connection lost")).to_have_count(0)


def answers(guest: Page, link: str, file: str) -> list[int]:
    """What this browser's next requests get: for the page, and for a part of the video."""
    ask = guest.context.request
    return [ask.get(link).status, ask.get(file, headers={"Range": "bytes=1000-1999"}).status]


def sharing(page: Page) -> Locator:
    """The dialog, open."""
    page.get_by_role("link", name="Share", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


def bell(page: Page, title: str) -> Locator:
    """The row that says this, in the panel of the bell, which is opened if it is not."""
    if not page.locator("#bell-panel").is_visible():
        page.locator("summary", has_text="Notifications").click()
    row = page.locator("#bell-panel").get_by_role("link", name=title)
    expect(row).to_be_visible()
    return row


def said(page: Page, words: str) -> Locator:
    return page.locator(".comment", has_text=words)


def player(page: Page) -> Locator:
    return page.locator("video[id^=video-]")


def stands_at(page: Page, seconds: float) -> None:
    wait_until(lambda: abs(now(player(page)) - seconds) < 0.05, f"the picture at {seconds} s", SOON_S)


def plays(page: Page, since: float) -> None:
    """Its clock has moved away from where it stood. It may have begun again meanwhile."""
    wait_until(lambda: abs(now(player(page)) - since) > 0.3, "the video's clock moves", SOON_S)
