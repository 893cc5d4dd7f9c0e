"""Bob beside Alice, and the form of a video that costs $1.14."""

from typing import Any

import pytest

from tests import factories
from wanstudio.accounts.models import User
from wanstudio.teams.models import Team
from wanstudio.uploads.models import Source


@pytest.fixture
def form(team: Team, alice: User) -> dict[str, Any]:
    sources: list[Source] = [factories.character(team, alice), factories.motion(team, alice)]
    kinds = {"character": sources[0].pk, "motion": sources[1].pk}
    return {**kinds, "resolution": "720p", "quoted": "1.14", "prompt": "Keep the coat"}
