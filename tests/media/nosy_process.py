"""Nosy process: a decoder that was taken over, and tries to open things once all is set up as for a file."""

import socket
import sys
from contextlib import suppress

from wanstudio.media import decoder_process
from wanstudio.media.decoder_messages import send
from wanstudio.media.decoder_process import serve


def attempts() -> list[str]:
    found = []
    for name, path, mode in (("read", "/etc/hostname", "r"), ("written", "/tmp/x", "w")):
        with suppress(OSError), open(path, mode):
            found.append(name)
    with suppress(OSError), socket.socket():
        found.append("socket")
    return found


class Nosy:
    def __init__(self, sock: socket.socket) -> None:
        send(sock, {"problem": "UNREADABLE", "sentence": str(attempts())})
        sys.exit(0)


if __name__ == "__main__":
    decoder_process.ForeignFile = Nosy  # type: ignore[assignment,misc]
    serve(decoder_process._decode, decoder_process._load)
