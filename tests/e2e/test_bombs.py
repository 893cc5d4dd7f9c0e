"""Bombs sent to a running studio, as files and as links: each is refused, and none of its processes grows."""

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.person import MIRA, WALK, Person, value_of
from tests.e2e.studio import Studio, wait_until
from tests.media import bombs
from tests.media.servers import FileServer

MAX_GROWTH_KB = 64 * 1024
DUE = " UNION ALL ".join(f"SELECT id FROM wanstudio_{name} WHERE due_at IS NOT NULL" for name in ("source", "scan"))
# What decodes: the processes that are started for it, each with its limits.
DECODERS = (b"decoder_process", b"scan_process", b"cut_process")
# One or two of each format; tests/media has the others.
SENT = ("mp4 stsz", "mp4 trun", "mov stsz", "m4v stsz", "jpeg scans", "png pixels", "webp size", "webp pixels")


def processes(root: int) -> list[int]:
    """A process and all that it started, but for decoders."""
    started: list[int] = []
    # A thread can end meanwhile, and the process, too.
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{root}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                started += map(int, (task / "children").read_text().split())
    return [root, *(pid for each in started if not is_decoder(each) for pid in processes(each))]


def is_decoder(pid: int) -> bool:
    """Its module is its first argument but one: `python -m wanstudio.media.decoder_process`. One that ended is one."""
    try:
        return any(name in Path(f"/proc/{pid}/cmdline").read_bytes() for name in DECODERS)
    except FileNotFoundError:
        return True


def memory_kb(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


class Sender:
    def __init__(self, studio: Studio) -> None:
        self.person = Person(studio)
        self.page = self.person.get("/").text

    def send(self, kind: str, *, file: bytes = b"", url: str = "") -> str:
        """The reason of a refusal, or "" if it was taken."""
        given = {f"{kind}_file": ("bomb", file)} if file else None
        fields = {"kind": kind, "team": value_of(self.page, "team"), f"{kind}_url": url}
        answer = self.person._post("/uploads/add/", self.page, given, **fields)
        assert answer.status_code in (200, 422), answer.status_code
        return "" if answer.status_code == 200 else re.sub(r"\s+", " ", answer.text)


def kind_of(name: str) -> str:
    return "motion" if name[:3] in ("mp4", "mov", "m4v") else "character"


def test_bombs_are_refused_while_no_process_grows(start_studio: Callable[..., Studio], tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    with FileServer(tmp_path / "files") as files:
        studio = start_studio(WANSTUDIO_PRIVATE_HOSTS=files.host)
        sender = Sender(studio)
        # Both of the web's processes have answered, and loaded what they need.
        for _ in range(3):
            assert not sender.send("character", file=MIRA.read_bytes())
            assert not sender.send("motion", file=WALK.read_bytes())
        # As a decoder is started it looks like its parent for a moment.
        wait_until(lambda: not studio.rows(DUE), "nothing is decoded")
        every = [pid for name in ("web", "worker", "sandbox") for pid in processes(studio.pid(name))]
        for pid in every:
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        before = {pid: memory_kb(pid, "VmRSS") for pid in every}
        for name in SENT:
            data = {**bombs.CLIPS, **bombs.PICTURES}[name]()
            (files.folder / "bomb").write_bytes(data)
            sentence = sender.send(kind_of(name), file=data)
            assert sentence, name
            assert sender.send(kind_of(name), url=files.url("bomb")), name
        # What passes as a link is decoded by the worker, for its poster.
        (files.folder / "clip").write_bytes(bombs.HARMLESS["mp4 stsc"]())
        assert not sender.send("motion", url=files.url("clip"))
        wait_until(lambda: not studio.rows(DUE), "its poster is made")
        grown = {pid: memory_kb(pid, "VmHWM") - before[pid] for pid in every}
        assert max(grown.values()) < MAX_GROWTH_KB, grown
        assert not sender.send("motion", file=WALK.read_bytes())
        # The web's process closes what it was sent after it has answered.
        wait_until(lambda: not any(path.is_file() for path in (studio.data / "tmp").iterdir()), "nothing is left")


@pytest.mark.parametrize("name", ["web", "worker"])
def test_no_process_of_the_studio_loads_a_decoder(running_studio: Studio, name: str) -> None:
    Sender(running_studio).send("motion", file=WALK.read_bytes())
    for pid in processes(running_studio.pid(name)):
        # What is started for a decoder looks like its parent for a moment, and can end meanwhile.
        with suppress(FileNotFoundError, ProcessLookupError):
            assert "libavcodec" not in Path(f"/proc/{pid}/maps").read_text() or is_decoder(pid)
