"""Threads that wait for another machine: a worker gives their places to steps that have something to do here."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident

_threads: set[int] = set()


@contextmanager
def elsewhere() -> Iterator[None]:
    """Around a connection to another machine, however slow it is."""
    _threads.add(get_ident())
    try:
        yield
    finally:
        _threads.discard(get_ident())


def is_elsewhere(thread: int | None) -> bool:
    return thread in _threads
