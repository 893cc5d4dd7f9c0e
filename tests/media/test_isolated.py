"""Decoder processes: what exceeds a limit is refused, in time, and leaves nothing behind."""

import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.media import bombs
from tests.media.clips import FASTSTART, FRAGMENTED, clip
from tests.media.servers import FileServer
from tests.media.test_pictures import picture
from wanstudio.media import isolated
from wanstudio.media.decoder_messages import ImageFacts, VideoFacts, facts
from wanstudio.media.errors import FetchError, FetchProblem, MediaError, MediaProblem
from wanstudio.media.fetch import Fetcher
from wanstudio.media.remote_file import RemoteFile

GREEDY = isolated.Work("tests.media.greedy_process", cpu_s=1, wall_s=60.0, slots=2)
ROOT = Path(__file__).resolve().parents[2]
# Of what the studio's own processes may grow by.
MAX_GROWTH_KB = 64 * 1024
# The limit is 15 s, and more than a minute is left for what a busy machine adds.
MAX_S = 90


@pytest.fixture(autouse=True)
def own_slots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated.slots, "folder", tmp_path / "slots")


@pytest.fixture
def usual_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The studio's, which is short: what reaches it on a busy machine is refused, too."""
    monkeypatch.setattr(isolated, "DECODING", replace(isolated.DECODING, wall_s=15.0))


def children() -> set[str]:
    """What the templates of this process have forked and what is still there, zombies included."""
    return {pid for template in below("self") for pid in below(template)}


def below(pid: str) -> set[str]:
    found: set[str] = set()
    # Threads and processes can end meanwhile.
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                found |= {*(task / "children").read_text().split()}
    return found


def grown_kb(act: Callable[[], object]) -> int:
    """By how much this process grew at its highest while it acted."""

    def status(name: str) -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name))

    Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS")
    act()
    return status("VmHWM") - before


def examined(name: str, file: io.BytesIO | RemoteFile) -> ImageFacts | VideoFacts:
    return (isolated.probe_clip(file) if name[:3] in ("mp4", "mov", "m4v") else isolated.probe_image(file))[0]


@pytest.mark.usefixtures("usual_time")
@pytest.mark.parametrize("name", [*bombs.CLIPS, *bombs.PICTURES])
def test_bomb_is_refused_and_costs_us_nothing(name: str) -> None:
    file = io.BytesIO({**bombs.CLIPS, **bombs.PICTURES}[name]())

    def refused() -> None:
        with pytest.raises(MediaError) as caught:
            examined(name, file)
        assert caught.value.sentence.endswith(".")

    before = children()
    began = time.monotonic()
    assert grown_kb(refused) < MAX_GROWTH_KB
    assert time.monotonic() - began < MAX_S
    assert children() <= before


@pytest.mark.usefixtures("usual_time")
@pytest.mark.parametrize("name", list(bombs.HARMLESS))
def test_what_costs_something_stays_within_the_limits(name: str) -> None:
    file = io.BytesIO(bombs.HARMLESS[name]())

    def either() -> None:
        try:
            assert examined(name, file).width > 0
        except MediaError as refused:
            assert refused.sentence.endswith(".")  # noqa: PT017 (either is right)

    began = time.monotonic()
    assert grown_kb(either) < MAX_GROWTH_KB
    assert time.monotonic() - began < MAX_S


@pytest.mark.parametrize("name", ["mp4 stsz", "mp4 trun", "mov stsz", "m4v stsz"])
def test_bomb_behind_a_link_is_refused_from_its_index(files: FileServer, fetcher: Fetcher, name: str) -> None:
    (files.folder / "clip").write_bytes(bombs.CLIPS[name]())
    with pytest.raises(MediaError) as caught:
        isolated.probe_clip_index(RemoteFile(fetcher, files.url("clip")))
    assert caught.value.code == MediaProblem.TOO_COSTLY
    assert files.bytes_sent < 1_000_000


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_pictures(kind: str) -> None:
    found, poster = isolated.probe_image(io.BytesIO(picture(kind, (1600, 800))))
    assert (found.format, found.width, found.height) == (kind, 1600, 800)
    assert poster.startswith(b"\xff\xd8")


@pytest.mark.parametrize("options", [{}, FASTSTART, FRAGMENTED])
@pytest.mark.parametrize("container", ["mp4", "mov"])
def test_clips(container: str, options: dict[str, str]) -> None:
    found, poster = isolated.probe_clip(io.BytesIO(clip(1, container=container, options=options, audio=True)))
    assert (found.container, found.width, found.has_audio) == (container, 64, True)
    assert poster.startswith(b"\xff\xd8")


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_large_clip_has_enough_memory(codec: str) -> None:
    found, _ = isolated.probe_clip(io.BytesIO(clip(0.4, size=(3840, 2160), codec=codec)))
    assert (found.width, found.height) == (3840, 2160)


def test_decoding_starts_no_thread() -> None:
    """On a machine of many cores their stacks alone would reach the limit of memory."""
    code = """
import io, os, resource
import av.subtitles.stream
from PIL import Image
from tests.media.clips import clip
from wanstudio.media.pictures import frames
clips = [clip(0.5, size=(640, 480), codec=codec) for codec in ("libx264", "libx265", "libvpx-vp9")]
Image.init()
if os.geteuid() == 0:
    # The limit holds for everyone but root.
    os.setuid(65534)
resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
assert all(frames.clip_poster(io.BytesIO(data)) for data in clips)
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=300)


def test_delivery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "result.mp4").write_bytes(clip(2))
    found, poster, times = isolated.verify_video(tmp_path / "result.mp4")
    assert (found.duration, poster[:2]) == (2.0, b"\xff\xd8")
    assert times == isolated.frame_times(io.BytesIO(clip(2))) != ""
    (tmp_path / "result.mp4").write_bytes(bombs.samples_of_one_size())
    with pytest.raises(MediaError, match="delivered"):
        isolated.verify_video(tmp_path / "result.mp4")
    monkeypatch.setattr(isolated, "DECODING", replace(isolated.DECODING, wall_s=0.001))
    with pytest.raises(MediaError, match="delivered"):
        isolated.verify_video(tmp_path / "result.mp4")


def test_delivery_whose_frame_times_bring_the_decoder_down_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "result.mp4").write_bytes(clip(2))
    before = children()
    monkeypatch.setattr(isolated, "DECODING", replace(isolated.DECODING, module="tests.media.dying_process"))
    found, poster, times = isolated.verify_video(tmp_path / "result.mp4")
    assert (found.duration, poster[:2], times) == (2.0, b"\xff\xd8", "")
    assert children() <= before


def test_poster_of_a_link(files: FileServer, fetcher: Fetcher) -> None:
    (files.folder / "clip").write_bytes(clip(1))
    (files.folder / "still").write_bytes(picture("PNG"))
    assert isolated.poster(RemoteFile(fetcher, files.url("clip")), clip=True).startswith(b"\xff\xd8")
    assert isolated.poster(RemoteFile(fetcher, files.url("still")), clip=False).startswith(b"\xff\xd8")


def test_what_reading_the_file_raises_comes_through(files: FileServer, fetcher: Fetcher) -> None:
    before = children()
    with pytest.raises(FetchError) as caught:
        isolated.probe_clip_index(RemoteFile(fetcher, files.url("missing")))
    assert caught.value.code == FetchProblem.HTTP_STATUS
    assert children() <= before


class TestLimits:
    def refusal(self, what: str, **more: object) -> MediaProblem:
        before = children()
        with pytest.raises(MediaError) as caught:
            isolated.run(GREEDY, {"take": what, **more})
        assert children() <= before
        return caught.value.code

    def test_memory(self) -> None:
        assert self.refusal("memory") == MediaProblem.TOO_COSTLY
        got = isolated.run(GREEDY, {"take": "memory by malloc"})["got"]
        assert isinstance(got, int)
        assert 256 <= got <= 512

    def test_processor(self) -> None:
        assert self.refusal("processor") == MediaProblem.TOO_COSTLY

    def test_time(self) -> None:
        """It would take ten minutes, and a test has seven."""
        with pytest.raises(MediaError) as caught:
            isolated.run(replace(GREEDY, wall_s=1.0), {"take": "time"})
        assert caught.value.code == MediaProblem.TOO_COSTLY

    @pytest.mark.parametrize("what", ["crash", "nonsense", "too long an answer"])
    def test_crash_and_nonsense(self, what: str) -> None:
        assert self.refusal(what) == MediaProblem.TOO_COSTLY

    def test_no_secrets_no_core_and_a_low_priority(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("APIXO_API_KEY", "secret")
        said = isolated.run(GREEDY, {"take": "the environment"})
        assert said == {"names": ["LC_ALL", "MALLOC_ARENA_MAX"], "nice": os.nice(0) + 2, "core": 0}

    def test_what_check_raises_ends_the_work(self) -> None:
        def check() -> None:
            raise KeyError

        before = children()
        with pytest.raises(KeyError):
            isolated.run(GREEDY, {"take": "time"}, check=check)
        assert children() <= before

    def test_no_more_than_its_slots_at_a_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(isolated, "WAIT_S", 0.1)
        with ExitStack() as held:
            for _ in range(GREEDY.slots):
                held.enter_context(isolated._slot(GREEDY.module, GREEDY))
            with pytest.raises(FetchError) as caught:
                isolated.run(GREEDY, {"take": "nothing"})
            assert caught.value.code == FetchProblem.BUSY
        assert isolated.run(GREEDY, {"take": "nothing"}) == {"done": True}

    def test_nothing_is_left_when_the_studio_is_killed(self, tmp_path: Path) -> None:
        said = tmp_path / "pid"
        code = f"""
from tests.media.test_isolated import GREEDY, isolated
isolated.run(GREEDY, {{"take": "pid, then time", "path": {str(said)!r}}})
"""
        studio = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
        until = time.monotonic() + 120
        while not (said.exists() and said.read_text()):
            assert time.monotonic() < until
            time.sleep(0.02)
        pid = int(said.read_text())
        studio.send_signal(signal.SIGKILL)
        studio.wait(60)
        until = time.monotonic() + 60
        while is_running(pid) and time.monotonic() < until:
            time.sleep(0.02)
        assert not is_running(pid)


def is_running(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_decoder_can_open_nothing() -> None:
    """What a decoder that was taken over would try first, after all else has been set up as for a file."""
    with pytest.raises(MediaError) as caught:
        isolated.run(replace(GREEDY, module="tests.media.nosy_process"), {"task": "picture", "exact": False})
    assert caught.value.sentence == "[]"


def test_no_file_meets_what_another_left() -> None:
    first, second = (isolated.run(GREEDY, {"take": "a mark"}) for _ in range(2))
    assert (first["found"], second["found"]) == (False, False)
    assert first["template"] == second["template"]
    assert first["pid"] != second["pid"]


def test_template_that_was_killed_is_replaced() -> None:
    template = int(str(isolated.run(GREEDY, {"take": "a mark"})["template"]))
    os.kill(template, signal.SIGKILL)
    assert isolated.run(GREEDY, {"take": "a mark"})["template"] != template


def test_template_without_work_ends() -> None:
    code = "from wanstudio.media import decoder_process as d; d.IDLE_S = 0.1; d.serve(lambda *_: {}, lambda: None)"
    ours, theirs = socket.socketpair()
    with ours, theirs:
        template = subprocess.Popen([sys.executable, "-c", code, "1"], stdin=theirs.fileno(), cwd=ROOT)
        assert template.wait(120) == 0


@pytest.mark.parametrize(
    "said",
    [
        None,
        {},
        {"format": "JPEG", "width": 1, "height": 1},
        {"format": "JPEG", "width": "1", "height": 1, "size_bytes": 1},
        {"format": "JPEG", "width": 1, "height": 1, "size_bytes": 1, "more": 1},
    ],
)
def test_facts_of_other_shapes_are_not_believed(said: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        facts(ImageFacts, said)
