"""The studio between two orders: what comes back, what the keyboard does, and where the focus is."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.studio import Studio


def test_an_order_is_as_it_was_left_together_or_not_at_all(wide: Page, studio: Studio) -> None:
    page = wide
    page.goto(studio.url)
    page.get_by_role("button", name="Use the sample").click()
    page.get_by_role("radio", name="720p").check()
    page.get_by_label("Prompt", exact=True).fill("Slowly along the quay")
    expect(page.locator("#generate")).to_contain_text("$0.40")
    expect(page.locator("#generate")).to_be_enabled()
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/jobs/\d+/$"))
    page.get_by_role("navigation", name="Main", exact=True).get_by_role("link", name="Studio").click()
    page.wait_for_url(re.compile(r"/\?character=\d+&motion=\d+"))
    expect(page.locator("#character-slot [name=character]")).to_have_count(1)
    expect(page.locator("#motion-slot [name=motion]")).to_have_count(1)
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("Slowly along the quay")
    expect(page.get_by_role("radio", name="720p")).to_be_checked()
    expect(page.locator("#generate")).to_contain_text("$0.40")
    # Other inputs are another order: nothing of this one slips into it.
    page.goto(f"{studio.url}/?{page.url.partition('&')[2]}")
    expect(page.locator("#motion-slot [name=motion]")).to_have_count(1)
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("")
    expect(page.get_by_role("radio", name="480p")).to_be_checked()


def test_recents_are_one_stop_and_the_focus_stays_in_their_slot(wide: Page, studio: Studio) -> None:
    page = wide
    studio.python(
        """
from wanstudio.models import Source
one = Source.objects.filter(kind="motion").first()
for number in range(3):
    Source.objects.create(team=one.team, person=one.person, kind="motion", name=f"take {number}.mp4",
        url=f"https://media.example.com/take{number}.mp4", width=720, height=1280, duration=5, poster=one.poster)
"""
    )
    page.goto(studio.url)
    recents = page.locator("#motion-slot .recents .recent")
    assert [each.get_attribute("tabindex") for each in recents.all()].count("0") == 1
    recents.first.focus()
    page.keyboard.press("ArrowRight")
    expect(recents.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#motion-slot [name=motion]")).to_have_count(1)
    expect(page.locator("#motion-slot :focus")).to_have_count(1)
