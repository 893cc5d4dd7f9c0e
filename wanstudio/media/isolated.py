"""Isolated decoding: the only way to read a foreign file, in a separate process with limits of memory and time.

What exceeds a limit, or brings a decoder down, is a MediaError like any other; nothing else notices.
"""

import base64
import fcntl
import logging
import os
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, sleep

from .decoder_messages import READ_BYTES, Broken, Cleaning, F, ImageFacts, Line, VideoFacts, cleaning, facts
from .errors import FetchError, FetchProblem, MediaError, MediaProblem
from .movie import SeekableFile, size_of
from .remote_file import RemoteFile
from .templates import Template, forked
from .timing.frame_times import parse

log = logging.getLogger(__name__)

Ask = Callable[[Mapping[str, object]], dict[str, object]]
WAIT_S = 4.0


@dataclass(frozen=True)
class Work:
    """A kind of work: the module that does it, its limits, and how many processes of it a machine has at a time.

    `pool` where they are not counted with all of the module; `wait_s`, how long a free one is waited for.
    """

    module: str
    cpu_s: int
    wall_s: float
    slots: int
    pool: str = ""
    wait_s: float | None = None


DECODING = Work("wanstudio.media.decoder_process", cpu_s=10, wall_s=15.0, slots=3)
# No request waits for it, and a busy machine must not fail a job.
FRAMING = replace(DECODING, wall_s=120.0)


@dataclass
class _Slots:
    """Where the slots of this machine are kept: locked files, which the kernel frees with the last process."""

    folder: Path = Path(tempfile.gettempdir())


slots = _Slots()


def probe_image(file: SeekableFile) -> tuple[ImageFacts, bytes]:
    """Facts of a picture, and its poster. Raises MediaError, and FetchError: a link's, or BUSY."""
    return _examined("picture", file, ImageFacts)[:2]


def take_picture(file: SeekableFile) -> tuple[ImageFacts, bytes, Cleaning]:
    """Facts of the picture that an upload becomes (HEIC and AVIF too), its poster, the way there. Raises as above."""
    return _examined("sent_picture", file, ImageFacts)


def frame_picture(file: SeekableFile, frame: Sequence[int]) -> bytes:
    """The file of what is in the frame: left, top, width, height in pixels of the upright picture. Raises as above."""
    return _examined("framed_picture", file, ImageFacts, FRAMING, frame=[*frame])[2].file


def take_clip(file: SeekableFile) -> tuple[VideoFacts, bytes, Cleaning]:
    """Facts of a whole clip, its poster, and how it gets rid of its metadata. Raises as above."""
    return _examined("sent_clip", file, VideoFacts)


def probe_clip(file: SeekableFile) -> tuple[VideoFacts, bytes]:
    """Facts of a whole clip, and its poster. Raises as `probe_image`."""
    return _examined("clip", file, VideoFacts)[:2]


def probe_clip_index(file: SeekableFile) -> VideoFacts:
    """Facts of a clip by its index alone, as it is done for links. Raises as `probe_image`."""
    return _examined("clip_index", file, VideoFacts)[0]


def poster(file: SeekableFile, *, clip: bool) -> bytes:
    """A JPEG of a picture, or of a clip's first frame, at most 720 px wide and high. Raises as `probe_image`."""
    return _examined("clip_poster", file, VideoFacts)[1] if clip else _examined("picture", file, ImageFacts)[1]


def frame_times(file: SeekableFile) -> str:
    """The frame times of a clip, as `FrameTimes.text`; empty if it does not say them. Raises FetchError BUSY."""
    try:
        with conversation(DECODING, file) as ask:
            return _times(ask)
    except MediaError:
        return ""


def verify_video(path: Path) -> tuple[VideoFacts, bytes, str]:
    """Facts, poster and frame times of a delivered video, decoded at its beginning and late in it.

    Raises as `probe_image`; what is wrong with the times alone leaves them empty.
    """
    try:
        with path.open("rb") as file, conversation(DECODING, file) as ask:
            facts, poster, _ = _found(ask({"task": "delivery", "exact": False}), VideoFacts)
            with suppress(MediaError):
                return facts, poster, _times(ask)
            return facts, poster, ""
    except MediaError as wrong:
        if wrong.code == MediaProblem.TOO_COSTLY:
            raise MediaError(wrong.code, "Opening the delivered video takes too much memory or time.") from None
        raise


def _times(ask: Ask) -> str:
    text = str(ask({"task": "frame_times", "exact": False}).get("frame_times", ""))
    # A compromised decoder can report anything.
    return text if parse(text) else ""


def _examined(
    task: str, file: SeekableFile, kind: type[F], work: Work | None = None, **more: object
) -> tuple[F, bytes, Cleaning]:
    return _found(run(work or DECODING, {"task": task, "exact": isinstance(file, RemoteFile), **more}, file), kind)


def _found(message: Mapping[str, object], kind: type[F]) -> tuple[F, bytes, Cleaning]:
    try:
        return facts(kind, message["facts"]), base64.b64decode(str(message["poster"])), cleaning(message)
    except (KeyError, TypeError, ValueError):
        raise MediaError(MediaProblem.TOO_COSTLY) from None


def run(
    work: Work, request: Mapping[str, object], file: SeekableFile | None = None, check: Callable[[], None] | None = None
) -> dict[str, object]:
    """The answer of a new process to a request. Raises as `conversation`."""
    with conversation(work, file, check) as ask:
        return ask(request)


@contextmanager
def conversation(
    work: Work, file: SeekableFile | None = None, check: Callable[[], None] | None = None
) -> Iterator[Ask]:
    """Requests to a new process about one file. `check` is called about twice a second; what it raises ends the work.

    Raises MediaError, also for a process that exceeds its limits or dies, and what reading the file raises.
    """
    pool = f"{work.pool or work.module}{'-link' if isinstance(file, RemoteFile) else ''}"
    with _slot(pool, work) as slot:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            try:
                # The slot is passed on: it is free when the process is gone, and not before.
                template, pid = forked(work.module, work.cpu_s, theirs, slot)
            except (OSError, EOFError) as broken:
                log.warning("%s cannot be started: %r", work.module, broken)
                raise MediaError(MediaProblem.TOO_COSTLY) from None
            theirs.close()
            code: int | None = None

            def ask(request: Mapping[str, object]) -> dict[str, object]:
                nonlocal code
                try:
                    return _converse(Line(ours, monotonic() + work.wall_s, check), request, file)
                except Broken as broken:
                    code = _end(template, pid)
                    log.warning("%s was ended: %r, exit code %s", work.module, broken.__cause__, code)
                    raise MediaError(MediaProblem.TOO_COSTLY) from None

            try:
                yield ask
            finally:
                if code is None:
                    _end(template, pid)


def _end(template: Template, pid: int) -> int:
    """The process has ended when this returns. -9 if its template has ended, which ends it, too."""
    try:
        return template.end(pid)
    except (OSError, EOFError):
        return -signal.SIGKILL


def _converse(line: Line, request: Mapping[str, object], file: SeekableFile | None) -> dict[str, object]:
    """Hands out the file, part by part, until the answer comes."""
    line.say(request)
    while True:
        match message := line.hear():
            case {"read": [int(position), int(count)]} if file and position >= 0 and 0 < count <= READ_BYTES:
                file.seek(position)
                line.say(file.read(count))
            case {"size": True} if file:
                line.say(str(size_of(file)).encode())
            case {"problem": str(name), "sentence": str(sentence)} if name in MediaProblem.__members__:
                raise MediaError(MediaProblem[name], sentence[:500])
            case {"error": error}:
                log.warning("a file could not be decoded: %.500r", error)
                raise MediaError(MediaProblem.UNREADABLE)
            case _:
                return message


@contextmanager
def _slot(pool: str, work: Work) -> Iterator[int]:
    """One of the machine's slots. Raises FetchError BUSY if none is free in time."""
    ends = monotonic() + (WAIT_S if work.wait_s is None else work.wait_s)
    slots.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    while True:
        for number in range(work.slots):
            slot = os.open(slots.folder / f"{pool}-{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(slot)
                continue
            try:
                yield slot
            finally:
                os.close(slot)
            return
        if monotonic() > ends:
            raise FetchError(FetchProblem.BUSY)
        sleep(0.05)
