"""The order of the moment, in memory that all victims share: at which point who dies, and who did."""

import json
import mmap
import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

SIZE = 512
_ORDER = slice(0, 448)
_HIT = slice(448, SIZE)


class Order(NamedTuple):
    """`marker` empty: whoever comes to the point first."""

    point: str
    marker: str = ""

    def meets(self, point: str, marker: str) -> bool:
        return self.point == point and self.marker in ("", marker)


class Board:
    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(b" " * SIZE)
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), SIZE)

    def give(self, order: Order | None) -> None:
        """A new order; who died by the last one is forgotten. Read in the middle of it, it is no order."""
        self._memory[_ORDER] = b" " * 448
        self._memory[_HIT] = b" " * 64
        if order:
            self._memory[_ORDER] = json.dumps(order).encode().ljust(448)

    @property
    def order(self) -> Order | None:
        with suppress(ValueError, TypeError):
            return Order(*json.loads(self._memory[_ORDER]))
        return None

    def sign(self) -> None:
        """Called by a victim just before its end."""
        self._memory[_HIT] = str(os.getpid()).encode().ljust(64)

    @property
    def hit(self) -> int:
        """The process that died by this order, or 0."""
        with suppress(ValueError):
            return int(self._memory[_HIT])
        return 0
