"""Every rate that cameras have: steps straight after loading and comments, each on its frame, read from the picture."""

import pytest

from tests.e2e.conftest import Opened
from tests.e2e.counted import RATES, VARIABLE, comments_open_on_their_frames, steps_on_every_frame
from tests.e2e.studio import Studio
from tests.e2e.windows import WIDE


@pytest.mark.parametrize("rate", [*RATES, VARIABLE])
def test_sixty_steps_forward_and_back_and_comments_at_every_tenth_frame(
    rate: str, opened: Opened, studio: Studio
) -> None:
    pk = studio.python(f"from tests.e2e.counted import finish_counted; print(finish_counted({rate!r}).pk)")
    page = opened(studio, **WIDE)
    steps_on_every_frame(page, f"{studio.url}/videos/{pk}/")
    comments_open_on_their_frames(page, f"{studio.url}/videos/{pk}/", range(0, 70, 10))
