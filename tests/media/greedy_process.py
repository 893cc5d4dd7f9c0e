"""Greedy process: takes what it is asked to take, under the limits of a decoder process."""

import ctypes
import os
import resource
import signal
import socket
import time
from pathlib import Path

from wanstudio.media import decoder_process

MARKS: list[bool] = []


def take(request: dict[str, object], sock: socket.socket) -> dict[str, object]:
    match request["take"]:
        case "memory":
            taken = bytearray(600 * 1024**2)
            return {"got": len(taken)}
        case "memory by malloc":
            libc = ctypes.CDLL(None)
            libc.malloc.restype = ctypes.c_void_p
            return {"got": sum(bool(libc.malloc(ctypes.c_size_t(64 * 1024**2))) for _ in range(20)) * 64}
        case "processor":
            while True:
                pass
        case "time":
            time.sleep(600)
        case "pid, then time":
            Path(str(request["path"])).write_text(str(os.getpid()))
            time.sleep(600)
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "nonsense":
            sock.sendall(b"\0\0\0\x04nope")
        case "too long an answer":
            sock.sendall(b"\x7f\xff\xff\xff")
        case "a mark":
            found = bool(MARKS)
            MARKS.append(True)
            return {"found": found, "pid": os.getpid(), "template": os.getppid()}
        case "the environment":
            return {
                "names": sorted(os.environ),
                "nice": os.nice(0),
                "core": resource.getrlimit(resource.RLIMIT_CORE)[0],
            }
    return {"done": True}


if __name__ == "__main__":
    # A test compares templates, and must not find another one because the machine was busy.
    decoder_process.IDLE_S = 300.0
    decoder_process.serve(take, lambda: None)
