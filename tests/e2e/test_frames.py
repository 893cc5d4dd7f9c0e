"""Frames in a browser: steps, timecodes, playing as editors do, and comments that open on their frame."""

import pytest
from playwright.sync_api import Page

from tests.e2e.counted import comments_open_on_their_frames, steps_on_every_frame
from tests.e2e.studio import Studio


@pytest.fixture(scope="module")
def counted(studio: Studio) -> dict[str, str]:
    """The page of a video at each rate."""
    code = "from tests.e2e.counted import finish_counted; print(finish_counted({rate!r}).pk)"
    return {rate: f"{studio.url}/videos/{studio.python(code.format(rate=rate))}/" for rate in ("29.97", "variable")}


@pytest.mark.parametrize("rate", ["29.97", "variable"])
def test_each_step_lands_on_its_frame(rate: str, wide: Page, counted: dict[str, str]) -> None:
    steps_on_every_frame(wide, counted[rate], 12)


def test_comments_open_on_their_frames(wide: Page, counted: dict[str, str]) -> None:
    comments_open_on_their_frames(wide, counted["29.97"], (0, 10, 37))
