"""Render process: decodes the inputs of a task and makes its stand-in video, with the limits of a decoder process.

Only its time is longer, since the whole clip is decoded and a new one encoded; and it reads and writes files.
"""

import ctypes
import resource
import socket
import sys
from pathlib import Path

from wanstudio.media.decoder_process import serve

from .stand_in_video import Film, render

# A result of two minutes at 720p has a twentieth of it.
_FILE_BYTES = 1024**3
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000


def _render(request: dict[str, object], _sock: socket.socket) -> dict[str, object]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES, _FILE_BYTES))
    if sys.platform == "linux":
        # A separate network, with nothing in it, where the system lets it have one.
        ctypes.CDLL(None).unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    image, clip, target = (Path(str(request[name])) for name in ("image", "clip", "target"))
    film = request["film"]
    if isinstance(film, dict):
        render(image, clip, target, Film(**film | {"clip_size": tuple(film["clip_size"])}))
    return {}


if __name__ == "__main__":
    serve(_render, lambda: None)
