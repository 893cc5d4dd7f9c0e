"""Hosts of a test: two network namespaces of our own with a cable between them. Nothing leads out of them.

with two_hosts() as (cellar, outside): cellar.inside(act)
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TypeVar

T = TypeVar("T")
CLONE_NEWNET = 0x40000000


def why_not() -> str:
    """The reason why no host can be made here; empty if one can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not shutil.which("ip"):
        return "network namespaces need iproute2"
    name = f"wanstudio-try-{os.getpid()}"
    tried = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    return f"this kernel gives no network namespace: {tried.stderr.strip()}" if tried.returncode else ""


@dataclass(frozen=True)
class Host:
    name: str
    address: str

    def inside(self, act: Callable[[], T]) -> T:
        """What `act` returns in a thread that is on this host; so are the threads and processes that it starts."""
        returned: list[T] = []
        raised: list[BaseException] = []

        def run() -> None:
            try:
                with Path(f"/run/netns/{self.name}").open() as namespace:
                    if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET):
                        raise OSError(ctypes.get_errno(), f"{self.name} cannot be entered")
                returned.append(act())
            except BaseException as wrong:
                raised.append(wrong)

        thread = Thread(target=run, name=self.name)
        thread.start()
        thread.join()
        if raised:
            raise raised[0]
        return returned[0]


@contextmanager
def two_hosts() -> Iterator[tuple[Host, Host]]:
    one, other = (Host(f"wanstudio-{os.getpid()}-{end}", f"10.213.0.{end}") for end in (1, 2))
    try:
        for host in (one, other):
            _ip("netns", "add", host.name)
        _ip("link", "add", "cable", "netns", one.name, "type", "veth", "peer", "name", "cable", "netns", other.name)
        for host in (one, other):
            _ip("-n", host.name, "addr", "add", f"{host.address}/24", "dev", "cable")
            for device in ("cable", "lo"):
                _ip("-n", host.name, "link", "set", device, "up")
        yield one, other
    finally:
        for host in (one, other):
            subprocess.run(["ip", "netns", "del", host.name], capture_output=True, check=False)


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"
