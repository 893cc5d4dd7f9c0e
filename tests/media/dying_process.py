"""A decoder that dies over the frame times, and only over them."""

import os
import socket

from wanstudio.media.decoder_process import _decode, _load, serve


def answer(request: dict[str, object], sock: socket.socket) -> dict[str, object]:
    if request["task"] == "frame_times":
        os._exit(1)
    return _decode(request, sock)


if __name__ == "__main__":
    serve(answer, _load)
