"""Decoder process: decodes one foreign file and reports its facts; `isolated` has it forked and answers its reads.

It has what its limits leave: 512 MB, some seconds of the processor, and one socket, through which it asks for parts of
the file. Once the decoders are loaded it can open no further file and no connection.
"""

import base64
import ctypes
import gc
import io
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from .decoder_messages import (
    ORDER,
    READ_BYTES,
    Cleaning,
    ImageFacts,
    SizedFile,
    VideoFacts,
    receive,
    receive_object,
    send,
)
from .errors import MediaError, MediaProblem

if TYPE_CHECKING:
    from .movie import SeekableFile

# Limits writable memory, not the address space: 100 MB of that are libraries that nothing ever touches.
MEMORY_BYTES = 512 * 1024 * 1024
IDLE_S = 10.0
_BUFFER_BYTES = 64 * 1024
_PR_SET_PDEATHSIG = 1


class ForeignFile(SizedFile):
    """The file, read through the socket: what is asked for comes, fewer bytes only at its end."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    @property
    def size(self) -> int:
        send(self._sock, {"size": True})
        return int(receive(self._sock))

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        wanted, got = memoryview(buffer), 0
        while got < len(wanted):
            send(self._sock, {"read": [self._position, min(READ_BYTES, len(wanted) - got)]})
            if not (data := receive(self._sock)):
                break
            wanted[got : got + len(data)] = data
            got += len(data)
            self._position += len(data)
        return got


def confine(cpu_s: int) -> None:
    """Limits this process for good. Called before it reads anything foreign."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # If memory runs out, the kernel ends this process before any other of the studio.
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")
    os.nice(2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_AS, (2 * MEMORY_BYTES, 2 * MEMORY_BYTES))


def serve(answer: Callable[[dict[str, object], socket.socket], dict[str, object]], load: Callable[[], None]) -> None:
    """The template: it forks a process for each file that `templates` hands it, and reads no file itself.

    It ends, with all of its processes, once the process that started it is gone, or after 10 s without work.
    """
    control, cpu_s = socket.socket(fileno=0), int(sys.argv[1])
    load()
    gc.freeze()
    control.settimeout(IDLE_S)
    living: set[int] = set()
    try:
        while True:
            try:
                order, files, *_ = socket.recv_fds(control, struct.calcsize(ORDER), 2)
            except TimeoutError:
                if living:
                    continue
                return
            if not order:
                return
            if pid := struct.unpack(ORDER, order)[0]:
                result = _end(pid)
                living.discard(pid)
            else:
                result = os.fork()
                if not result:
                    _work(answer, cpu_s, control, files[0])
                living.add(result)
                for file in files:
                    os.close(file)
            control.sendall(struct.pack(ORDER, result))
    finally:
        for pid in living:
            _end(pid)


def _end(pid: int) -> int:
    # No one else waits for it, so that the id is its own until then.
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _work(
    answer: Callable[[dict[str, object], socket.socket], dict[str, object]],
    cpu_s: int,
    control: socket.socket,
    file: int,
) -> NoReturn:
    """The process of one file, which ends here and never returns to the code that forked it."""
    try:
        confine(cpu_s)
        control.close()
        line = socket.socket(fileno=file)
        while True:
            _reply(answer, line)
    finally:
        os._exit(0)


def _reply(answer: Callable[[dict[str, object], socket.socket], dict[str, object]], sock: socket.socket) -> None:
    """Answers the next request about this process's file. An unforeseen error of a decoder is an answer, too."""
    request = receive_object(sock)
    try:
        message = answer(request, sock)
    except MediaError as wrong:
        message = {"problem": wrong.code.name, "sentence": wrong.sentence}
    except MemoryError:
        message = {"problem": MediaProblem.TOO_COSTLY.name, "sentence": ""}
    except Exception as error:
        message = {"error": repr(error)[:500]}
    send(sock, message)


def _load() -> None:
    """Loads the decoders and everything that they would load later, when the process can open nothing any more."""
    import av.subtitles.stream  # noqa: F401
    from PIL import Image, MpoImagePlugin, TiffImagePlugin, WebPImagePlugin  # noqa: F401

    from . import clip_metadata, probe  # noqa: F401
    from .timing import packet_times  # noqa: F401

    Image.preinit()


def _decode(request: dict[str, object], sock: socket.socket) -> dict[str, object]:
    from . import probe
    from .clip_metadata import clip_cleaning
    from .pictures import frames, framing, stills
    from .timing.packet_times import read_frame_times

    tasks: dict[object, Callable[[SeekableFile], tuple[ImageFacts | VideoFacts, bytes, Cleaning]]] = {
        "picture": lambda file: (*stills.decode_picture(file), Cleaning()),
        "sent_picture": stills.clean_picture,
        "framed_picture": lambda file: framing.framed_picture(file, request["frame"]),
        "clip": lambda file: (*probe.clip_with_poster(file), Cleaning()),
        "sent_clip": lambda file: (*probe.clip_with_poster(file), clip_cleaning(file)),
        "delivery": lambda file: (*probe.verify_video(file), Cleaning()),
        "clip_index": lambda file: (probe.probe_video(file, decode=False), b"", Cleaning()),
        # Probed again: a link can lead to another file since, and FFmpeg bounds no table.
        "clip_poster": lambda file: (probe.probe_video(file, decode=False), frames.clip_poster(file), Cleaning()),
    }
    for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE):
        resource.setrlimit(limit, (0, 0))
    raw = ForeignFile(sock)
    # A link is read exactly as its reader asks: every further byte counts against its budget.
    file = raw if request["exact"] else io.BufferedReader(raw, _BUFFER_BYTES)
    if request["task"] == "frame_times":
        return {"frame_times": read_frame_times(file)}
    facts, poster, clean = tasks[request["task"]](file)
    parts = {"poster": base64.b64encode(poster).decode(), "clean": base64.b64encode(clean.file).decode()}
    return {"facts": asdict(facts), **parts, "free": clean.free, "zero": clean.zero, "blank": clean.blank}


if __name__ == "__main__":
    serve(_decode, _load)
