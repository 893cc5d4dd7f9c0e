"""Deadlines: how long a connection may take as a whole, and how long it may hear nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import ClassVar


class DeadlinePassed(TimeoutError):
    """The time for the whole, or for one silence, is over."""


class Deadline:
    """Calls `heartbeat` about every 5 s while something is waited for."""

    beat_s: ClassVar[float] = 5.0

    def __init__(self, total_s: float, idle_s: float, heartbeat: Callable[[], None] | None = None) -> None:
        self._ends = monotonic() + total_s
        self._idle_s = idle_s
        self._heartbeat = heartbeat
        self._next_beat = monotonic() + self.beat_s

    @property
    def has_passed(self) -> bool:
        return monotonic() >= self._ends

    def left(self, silent_since: float | None = None) -> float:
        """Seconds that are left, always above 0. Raises DeadlinePassed when there are none."""
        now = monotonic()
        left = self._ends - now
        if silent_since is not None:
            left = min(left, silent_since + self._idle_s - now)
        if left <= 0:
            raise DeadlinePassed("nothing came in time")
        return left

    @contextmanager
    def within(self, limit_s: float) -> Iterator[None]:
        """What happens in here may take no longer than `limit_s`, however much time there is altogether."""
        ends = self._ends
        self._ends = min(ends, monotonic() + limit_s)
        try:
            yield
        finally:
            self._ends = ends

    def beat(self) -> None:
        if self._heartbeat is not None and monotonic() >= self._next_beat:
            self._next_beat = monotonic() + self.beat_s
            self._heartbeat()
