"""Decoder process: decodes one foreign file and reports its facts; `isolated` starts it and answers its reads.

It has what its limits leave: 512 MB, some seconds of the processor, and one socket, through which it asks for parts of
the file. Once the decoders are loaded it can open nothing any more: no file, no connection.
"""

import base64
import ctypes
import io
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from .decoder_messages import READ_BYTES, ImageFacts, SizedFile, VideoFacts, receive, receive_object, send
from .errors import MediaError, MediaProblem

if TYPE_CHECKING:
    from .movie import SeekableFile

# Of what can be written to, and not of the address space: a hundred MB of that are libraries that nothing ever touches.
MEMORY_BYTES = 512 * 1024 * 1024
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


def serve(answer: Callable[[dict[str, object], socket.socket], dict[str, object]]) -> None:
    """Answers the one request of this process. An unforeseen error of a decoder is an answer, too, for the log."""
    sock = socket.socket(fileno=0)
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


def _decode(request: dict[str, object], sock: socket.socket) -> dict[str, object]:
    # Imported here, within the limits, and with all that they would load later.
    import av.subtitles.stream  # noqa: F401
    from PIL import Image, MpoImagePlugin, TiffImagePlugin, WebPImagePlugin  # noqa: F401

    from . import probe
    from .pictures import frames, stills

    Image.preinit()

    tasks: dict[object, Callable[[SeekableFile], tuple[ImageFacts | VideoFacts, bytes]]] = {
        "picture": stills.decode_picture,
        "clip": lambda file: (probe.probe_video(file, decode=True), frames.clip_poster(file)),
        "delivery": lambda file: (probe.verify_video(file), frames.clip_poster(file)),
        "clip_index": lambda file: (probe.probe_video(file, decode=False), b""),
        # Probed again: a link can lead to another file since, and FFmpeg bounds no table.
        "clip_poster": lambda file: (probe.probe_video(file, decode=False), frames.clip_poster(file)),
    }
    for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE):
        resource.setrlimit(limit, (0, 0))
    raw = ForeignFile(sock)
    # A link is read exactly as its reader asks: each byte more counts against its budget.
    file = raw if request["exact"] else io.BufferedReader(raw, _BUFFER_BYTES)
    facts, poster = tasks[request["task"]](file)
    return {"facts": asdict(facts), "poster": base64.b64encode(poster).decode()}


if __name__ == "__main__":
    confine(int(sys.argv[1]))
    serve(_decode)
