"""Cut process: decodes a foreign clip and writes a part of it, with the limits of a decoder process but its time.

Both files are open before the first foreign byte is read; it can open nothing after that, no file and no connection.
"""

import resource
import socket
from pathlib import Path

from wanstudio.media.decoder_process import serve
from wanstudio.media.errors import MediaError, MediaProblem

# Two minutes at 1080p have a tenth of it.
_FILE_BYTES = 2 * 1024**3


def _load() -> None:
    import av.audio.resampler
    import av.filter
    import av.subtitles.stream  # noqa: F401

    from . import clip_cut  # noqa: F401


def _cut(request: dict[str, object], _sock: socket.socket) -> dict[str, object]:
    import av

    from .clip_cut import cut_clip

    source, target = Path(str(request["source"])), Path(str(request["target"]))
    start, end = float(str(request["start"])), float(str(request["end"]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES, _FILE_BYTES))
    with source.open("rb") as clip, source.open("rb") as same_clip, target.open("w+b") as made:
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
        try:
            cut_clip((clip, same_clip), made, start, end)
        except (av.FFmpegError, EOFError):
            raise MediaError(MediaProblem.UNREADABLE) from None
    return {}


if __name__ == "__main__":
    serve(_cut, _load)
