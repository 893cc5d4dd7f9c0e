import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.media.clips import clip
from tests.media.servers import FileServer
from tests.provider.sandbox.caller import Caller
from wanstudio.media.fetch import Fetcher
from wanstudio.provider.sandbox.sandbox_server import Sandbox
from wanstudio.provider.sandbox.task_runner import RENDERS, Options

SAMPLES = Path(__file__).parents[3] / "static" / "samples"


@pytest.fixture(scope="session")
def short_clip() -> bytes:
    return clip(1.0, fps=12, size=(96, 64), audio=True)


@contextmanager
def serving_files(folder: Path, clip_content: bytes) -> Iterator[FileServer]:
    """The sample picture as mira.png, and a clip of one second as clip.mp4."""
    folder.mkdir()
    shutil.copy(SAMPLES / "mira.png", folder)
    (folder / "clip.mp4").write_bytes(clip_content)
    with FileServer(folder) as server:
        yield server


@contextmanager
def running_sandbox(folder: Path, files: FileServer) -> Iterator[Sandbox]:
    running = Sandbox(0, folder, Fetcher({files.host}), Options(pace=0.002, pending_s=0.05, processing_s=0.1))
    running.start()
    try:
        yield running
    finally:
        running.stop()


@contextmanager
def nothing_begins(sandbox: Sandbox) -> Iterator[None]:
    """Tasks stay pending meanwhile: every slot is taken."""
    with ExitStack() as slots:
        for _ in range(RENDERS):
            slots.enter_context(sandbox._runner._renders)
        yield


@pytest.fixture
def files(tmp_path: Path, short_clip: bytes) -> Iterator[FileServer]:
    with serving_files(tmp_path / "files", short_clip) as server:
        yield server


@pytest.fixture
def sandbox(tmp_path: Path, files: FileServer) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path / "sandbox", files) as running:
        yield running


@pytest.fixture
def caller(sandbox: Sandbox, files: FileServer) -> Caller:
    return Caller(sandbox.base_url, files)
