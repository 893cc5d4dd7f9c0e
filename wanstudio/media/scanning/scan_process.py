"""Scan process: decodes a foreign clip once and reports what is in it, with the limits of a decoder process but its
time.

The file is open before the first foreign byte is read; it can open nothing after that, no file and no connection.
"""

import os
import resource
import socket
from pathlib import Path

from wanstudio.media.decoder_process import serve
from wanstudio.media.errors import MediaError, MediaProblem

# Behind everything else on the machine: no one waits for it.
_NICENESS = 10


def _load() -> None:
    import av.subtitles.stream
    import av.video.reformatter  # noqa: F401
    from PIL import Image

    from . import clip_scan  # noqa: F401

    Image.preinit()


def _scan(request: dict[str, object], _sock: socket.socket) -> dict[str, object]:
    import av

    from .clip_scan import scan_clip

    os.nice(_NICENESS)
    with Path(str(request["source"])).open("rb") as clip:
        for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE):
            resource.setrlimit(limit, (0, 0))
        try:
            return scan_clip(clip, float(str(request["seconds"])))
        except (av.FFmpegError, EOFError):
            raise MediaError(MediaProblem.UNREADABLE) from None


if __name__ == "__main__":
    serve(_scan, _load)
