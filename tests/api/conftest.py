"""Scripts with tokens: Alice's, Bob's, a reader's, and one of another team's."""

import json
from typing import Any

import pytest
from django.test import Client

from tests import factories
from wanstudio.accounts.models import User
from wanstudio.api.authentication import create_token
from wanstudio.api.models import ApiToken
from wanstudio.teams.models import Membership, Team
from wanstudio.uploads.models import Source

ROOT = "/api/v1/"


class Script:
    """Calls the API with a token, as a script on another machine would."""

    def __init__(self, secret: str = "") -> None:
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        self.client = Client(headers=headers, raise_request_exception=False)

    def get(self, path: str, query: dict[str, Any] | None = None, **headers: str) -> Any:
        return self.client.get(path if path.startswith(("/", "http")) else ROOT + path, query, headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.post(ROOT + path, json.dumps(body or {}), "application/json", headers=headers)


def token_for(person: User, team: Team, scope: str = "make", **fields: Any) -> str:
    mine = Membership.objects.get(user=person, team=team)
    created = create_token(mine, "a script", scope)
    if fields:
        ApiToken.objects.filter(pk=created.token.pk).update(**fields)
    return created.secret


@pytest.fixture
def script(alice: User, team: Team) -> Script:
    return Script(token_for(alice, team))


@pytest.fixture
def reader(bob: User, team: Team) -> Script:
    return Script(token_for(bob, team, "read"))


@pytest.fixture
def stranger(charlie: User) -> Script:
    return Script(token_for(charlie, charlie.teams.get()))


@pytest.fixture
def inputs(team: Team, alice: User) -> dict[str, Any]:
    """What a job is made of, at the price that it has: 14.2 s at 720p."""
    character, motion = factories.character(team, alice), factories.motion(team, alice)
    return {"character": character.pk, "motion": motion.pk, "resolution": "720p", "price": "1.14"}


@pytest.fixture
def motion(inputs: dict[str, Any]) -> Source:
    return Source.objects.get(pk=inputs["motion"])
