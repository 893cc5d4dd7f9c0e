"""Template processes: each has loaded the decoders of one kind of work, reads nothing foreign, and forks.

So a file costs a fork, not the start of Python and its libraries, and no file meets what another one left: a fork is a
copy of the template as it was before any of them. A template ends with us, or after 10 s without work.
"""

import os
import socket
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread

from .decoder_messages import ORDER

# Loading the decoders takes it as long on a machine that swaps.
ANSWERS_WITHIN_S = 30.0
_ROOT = Path(__file__).resolve().parents[2]
# None of our secrets. One arena: each more would take address space that is never used.
_ENVIRONMENT = {"MALLOC_ARENA_MAX": "1", "LC_ALL": "C.UTF-8"}


class Template:
    """One template. Its methods raise OSError or EOFError once it has ended."""

    def __init__(self, module: str, cpu_s: int) -> None:
        self._lock = Lock()
        self._line, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(  # noqa: S603 (our own command line)
                [sys.executable, "-m", module, str(cpu_s)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=_ROOT,
                env=_ENVIRONMENT,
            )
        self._line.settimeout(ANSWERS_WITHIN_S)
        # Nothing else reaps it.
        Thread(target=process.wait, daemon=True, name="template").start()

    def fork(self, sock: socket.socket, slot: int) -> int:
        """The id of a new process with these two, and with nothing else of ours."""
        return self._ask(0, sock.fileno(), slot)

    def end(self, pid: int) -> int:
        """Kills this process of it, unless it has ended, and returns its exit code."""
        return self._ask(pid)

    def close(self) -> None:
        self._line.close()

    def _ask(self, number: int, *files: int) -> int:
        with self._lock:
            socket.send_fds(self._line, [struct.pack(ORDER, number)], files)
            if not (answer := self._line.recv(struct.calcsize(ORDER))):
                raise EOFError("the template has ended")
        return int(struct.unpack(ORDER, answer)[0])


_templates: dict[tuple[str, int], Template] = {}
_lock = Lock()
# A fork that inherited them would keep them open.
os.register_at_fork(after_in_child=_templates.clear)


def forked(module: str, cpu_s: int, sock: socket.socket, slot: int) -> tuple[Template, int]:
    """A new process, and the template that it is of. Raises OSError or EOFError if there can be none."""
    with suppress(OSError, EOFError):
        template = _template(module, cpu_s)
        return template, template.fork(sock, slot)
    # It ended because it had no work, or it was killed.
    with _lock:
        if _templates.get((module, cpu_s)) is template:
            del _templates[module, cpu_s]
    template = _template(module, cpu_s)
    return template, template.fork(sock, slot)


def _template(module: str, cpu_s: int) -> Template:
    with _lock:
        if (module, cpu_s) not in _templates:
            _templates[module, cpu_s] = Template(module, cpu_s)
        return _templates[module, cpu_s]
