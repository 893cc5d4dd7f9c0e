import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.media.clips import clip
from tests.media.servers import FileServer
from tests.sandbox.caller import Caller
from wanstudio.media.fetch import Fetcher
from wanstudio.sandbox.server import Sandbox

SAMPLES = Path(__file__).parents[2] / "static" / "samples"


@pytest.fixture(scope="session")
def short_clip() -> bytes:
    return clip(1.0, fps=12, size=(96, 64), audio=True)


@pytest.fixture
def files(tmp_path: Path, short_clip: bytes) -> Iterator[FileServer]:
    """The sample picture as mira.png, and a clip of one second as clip.mp4."""
    folder = tmp_path / "files"
    folder.mkdir()
    shutil.copy(SAMPLES / "mira.png", folder)
    (folder / "clip.mp4").write_bytes(short_clip)
    with FileServer(folder) as server:
        yield server


@pytest.fixture
def sandbox(tmp_path: Path, files: FileServer) -> Iterator[Sandbox]:
    running = Sandbox(
        "127.0.0.1", 0, tmp_path / "sandbox", Fetcher({files.host}), pace=0.002, pending_s=0.05, least_s=0.1
    )
    running.start()
    yield running
    running.stop()


@pytest.fixture
def caller(sandbox: Sandbox, files: FileServer) -> Caller:
    return Caller(sandbox.base_url, files)
