"""The worker against a scripted APIXO, with real waits: a test moves the clock of a row, never sleeps."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from tests import factories
from tests.fake_apixo import KEY, FakeApixo, running
from tests.media.clips import FASTSTART, clip
from wanstudio.accounts.models import User
from wanstudio.jobs.models.job import Job
from wanstudio.teams.models import Team

MakeJob = Callable[..., Job]


@pytest.fixture(scope="session")
def film() -> bytes:
    """A small real MP4 of two seconds."""
    return clip(2.0, options=FASTSTART)


@pytest.fixture
def apixo(settings: Settings, transactional_db: None) -> Iterator[FakeApixo]:
    """The provider of this test: every job goes there, in callback mode because it is on loopback."""
    with running() as server:
        settings.PROVIDER = "apixo"
        settings.PROVIDERS = settings.PROVIDERS | {"apixo": (server.url, KEY)}
        settings.PRIVATE_HOSTS = frozenset({server.host})
        # An answer that comes late on a busy machine is one all the same.
        settings.PROVIDER_READ_TIMEOUT_S = 60.0
        settings.PACE = 1.0
        # Who waits for a turn, or for a call, is the subject of tests of its own.
        settings.IN_FLIGHT = 1000
        settings.CALLS_PER_MINUTE = 1_000_000
        yield server


@pytest.fixture
def unreachable(apixo: FakeApixo, settings: Settings) -> None:
    """The provider cannot call back: an address that leads to this machine, but does not say so."""
    settings.PROVIDERS = settings.PROVIDERS | {"apixo": (apixo.url.replace("127.0.0.1", "0.0.0.0"), KEY)}


@pytest.fixture
def make_job(apixo: FakeApixo, team: Team, alice: User) -> MakeJob:
    """A queued job of Alice's whose inputs are links, due now. A worker that comes late does not read them again."""

    def make(**fields: Any) -> Job:
        seconds = fields.pop("seconds", 14.2)
        at, probed_at = f"http://{apixo.host}/inputs", timezone.now() + timedelta(hours=1)
        character = factories.character(team, alice, url=f"{at}/mira.png", probed_at=probed_at)
        motion = factories.motion(team, alice, url=f"{at}/walk.mp4", duration=seconds, probed_at=probed_at)
        person = fields.pop("person", alice)
        return factories.job(team, person, provider="apixo", **{"character": character, "motion": motion} | fields)

    return make


@pytest.fixture
def job(make_job: MakeJob) -> Job:
    return make_job()
