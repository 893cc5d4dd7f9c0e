from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.media.servers import FileServer, Say, Talker
from wanstudio.media.fetch import Fetcher

Talk = Callable[[Say], Talker]


@pytest.fixture
def files(tmp_path: Path) -> Iterator[FileServer]:
    with FileServer(tmp_path) as server:
        yield server


@pytest.fixture
def talk() -> Iterator[Talk]:
    """Start a server that answers with the given words; it ends with the test."""
    with ExitStack() as stack:
        yield lambda say: stack.enter_context(Talker(say))


@pytest.fixture
def fetcher(files: FileServer) -> Fetcher:
    """May fetch from the file server, and nothing else on loopback."""
    return Fetcher({files.host})
