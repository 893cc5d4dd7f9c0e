"""Whole studios on PostgreSQL and Celery: real servers, real processes, and an APIXO that keeps its own ledger."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests import servers
from tests.e2e.studio import Studio
from tests.e2e.template import OWNER, PASSWORD, template
from tests.fake_apixo import KEY, FakeApixo, running
from tests.media.clips import FASTSTART, clip
from tests.servers import Server

StartStudio = Callable[..., Studio]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    with servers.postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Server]:
    with servers.redis() as server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq_server() -> Iterator[Server]:
    with servers.rabbitmq() as server:
        yield server


@pytest.fixture(params=["rabbitmq", "redis"])
def broker(request: pytest.FixtureRequest) -> Server:
    """The same test on each of the two."""
    server: Server = request.getfixturevalue(f"{request.param}_server")
    return server


@pytest.fixture(scope="session")
def film() -> bytes:
    return clip(2.0, options=FASTSTART)


@pytest.fixture
def apixo() -> Iterator[FakeApixo]:
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def prepared(postgres_server: Server, templates: Path) -> str:
    """The address of a database of a studio with its owner, for the others to be copied from."""
    url = _new_database(postgres_server, "prepared")
    _prepare(Studio(templates / "outgrown", DATABASE_URL=url))
    return url


@pytest.fixture
def database(postgres_server: Server, prepared: str) -> str:
    """The address of a prepared database of this test's own."""
    return _new_database(postgres_server, f"studio_{uuid4().hex}", " TEMPLATE prepared")


def _new_database(server: Server, name: str, more: str = "") -> str:
    with psycopg.connect(server.url, autocommit=True) as line:
        line.execute(f"CREATE DATABASE {name}{more}".encode())
    return f"{server.url.rpartition('/')[0]}/{name}"


def _prepare(studio: Studio) -> None:
    studio.manage("prepare")
    studio.manage(*OWNER, WANSTUDIO_PASSWORD=PASSWORD)


@pytest.fixture
def start_studio(database: str, templates: Path, apixo: FakeApixo, tmp_path: Path) -> Iterator[StartStudio]:
    """A studio with an owner, whose provider is `apixo` and whose broker is the one that is given."""
    made: list[Studio] = []

    def start(broker: Server, **env: str) -> Studio:
        studio = Studio(
            tmp_path / f"data{len(made)}",
            template(templates, owner=True),
            **{
                "DATABASE_URL": database,
                "BROKER_URL": broker.url,
                "APIXO_API_KEY": KEY,
                "APIXO_BASE_URL": apixo.url,
                "WANSTUDIO_PRIVATE_HOSTS": apixo.host,
                "WANSTUDIO_PACE": "0.02",
                "WANSTUDIO_CALLS_PER_MINUTE": "1000000",
                "WANSTUDIO_READ_TIMEOUT": "60",
                **env,
            },
        )
        made.append(studio)
        if "DATABASE_URL" in env:
            _prepare(studio)
        return studio.start()

    yield start
    for studio in made:
        studio.stop()
