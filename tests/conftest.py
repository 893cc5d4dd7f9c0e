"""The cast, for every test: Alice owns the team, Bob makes videos in it, Vera watches.

Charlie is not in it, and nobody is signed out.
"""

import time
from collections.abc import Generator, Iterator
from dataclasses import replace

import pytest
import pytest_django
from django.test import Client
from hypothesis import HealthCheck, settings

from tests import factories, migrated
from tests.page_rows import finished
from tests.worker_fixtures import apixo, film, job, make_job, unreachable  # noqa: F401 (fixtures)
from wanstudio.accounts.models import User
from wanstudio.media import isolated
from wanstudio.media.remote_file import RemoteFile
from wanstudio.teams.models import Membership, Team
from wanstudio.uploads import queries
from wanstudio.videos.models import Video
from wanstudio.work import outages

# The same examples each time, and a busy machine is no fault of theirs.
settings.register_profile("certain", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("certain")
# What takes long begins first, so that the short ones fill what is left of the time at the end.
LONG = (
    "tests/proof/chaos/",
    "tests/proof/rollback/",
    "tests/proof/outgrown/",
    "tests/proof/",
    "tests/e2e/",
    "tests/operations/",
    "tests/jobs/",
    "tests/access/",
)
DAY_S, NEARLY_OVER_S = 24 * 60 * 60, 60


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Half a character in what a test logged would end the process of pytest-xdist that reports it."""
    report = yield
    report.sections = [(name, said.encode("utf-8", "backslashreplace").decode()) for name, said in report.sections]
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """No test begins just before the day, and perhaps the month, ends: what it made would be yesterday's at its end.

    And what one has broken is whole for the next: the process keeps a record of its outages.
    """
    left_s = DAY_S - time.time() % DAY_S
    if left_s < NEARLY_OVER_S:
        time.sleep(left_s)
    for outage in (outages.DATABASE, outages.DISK, outages.BROKER, outages.MEDIA):
        vars(outage).update(vars(outages.Outage(outage._back)))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: next((at for at, path in enumerate(LONG) if item.nodeid.startswith(path)), len(LONG)))


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """The one that `migrated` brings is not made anew."""
    return True


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    migrated.bring()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> None:
    with django_db_blocker.unblock():
        migrated.keep()


@pytest.fixture(scope="session", autouse=True)
def files_have_time() -> Iterator[None]:
    """On a busy machine 5 s can be too few for all of a link's requests, and 15 s for a picture of a phone."""
    usual = RemoteFile.__init__.__kwdefaults__
    assert usual
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(queries, "DEADLINE_S", 60.0)
        patched.setitem(usual, "deadline_s", 60.0)
        patched.setattr(isolated, "DECODING", replace(isolated.DECODING, wall_s=120.0))
        yield


@pytest.fixture
def team(db: None) -> Team:
    return factories.team(is_first=True)


@pytest.fixture
def alice(team: Team) -> User:
    made = factories.user("Alice")
    Membership.objects.create(team=team, user=made, role=Membership.Role.OWNER)
    return made


@pytest.fixture
def bob(team: Team) -> User:
    return factories.user("Bob", team)


@pytest.fixture
def vera(team: Team) -> User:
    """A viewer."""
    made = factories.user("Vera")
    Membership.objects.create(team=team, user=made, role=Membership.Role.VIEWER)
    return made


@pytest.fixture
def charlie(db: None) -> User:
    return factories.user("Charlie", factories.team("Elsewhere"))


def _signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def as_alice(alice: User) -> Client:
    return _signed_in(alice)


@pytest.fixture
def as_bob(bob: User, alice: User) -> Client:
    return _signed_in(bob)


@pytest.fixture
def as_vera(vera: User, alice: User) -> Client:
    return _signed_in(vera)


@pytest.fixture
def as_charlie(charlie: User, alice: User) -> Client:
    return _signed_in(charlie)


@pytest.fixture
def nobody(alice: User) -> Client:
    return Client()


@pytest.fixture
def video(team: Team, alice: User) -> Video:
    return finished(team, alice, title="Mira walks")
