"""A character and a motion of Alice's team."""

import pytest

from tests import factories
from wanstudio.accounts.models import User
from wanstudio.teams.models import Team
from wanstudio.uploads.models import Source


@pytest.fixture
def character(team: Team, alice: User) -> Source:
    return factories.character(team, alice)


@pytest.fixture
def motion(team: Team, alice: User) -> Source:
    return factories.motion(team, alice)
