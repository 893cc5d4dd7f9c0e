"""The provider's own books. Nothing in here asks the studio or imports anything of its."""

import hashlib
import re
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.proof.chaos.outcomes import Class, Variant

# The reference page: dollars a second, of a clip between 5 and 120 seconds.
RATES = {"480p": Decimal("0.04"), "720p": Decimal("0.08")}
_MARKER = re.compile(r"case \d+ ([0-9.]+)s")


def bill(marker: str, resolution: str) -> Decimal:
    """What a task costs; the length of its clip stands in the marker: "case 12 14.2s"."""
    match = _MARKER.match(marker)
    assert match, marker
    seconds = min(max(Decimal(match[1]), Decimal(5)), Decimal(120))
    return (seconds * RATES[resolution]).quantize(Decimal("0.01"), ROUND_HALF_UP)


@dataclass
class Post:
    """A POST that arrived whole. `died`: its sender was killed before the answer was out, or before it was kept."""

    marker: str
    variant: Variant
    pid: int
    again: int = 0
    answered: bool = False
    died: bool = False

    @property
    def is_final(self) -> bool:
        """Whether the rule book forbids to send the job again unasked."""
        return self.died or not self.answered or self.variant.kind in (Class.ACCEPTED, Class.UNKNOWN, Class.REJECTED)


@dataclass
class Task:
    """A task: billed unless it failed. `looks`: status calls until it is over. `files`: what its links serve."""

    task_id: str
    marker: str
    price: Decimal
    fails: bool
    looks: int
    files: list[bytes] = field(default_factory=list)
    callback_url: str = ""

    @property
    def hashes(self) -> list[str]:
        return [hashlib.sha256(content).hexdigest() for content in self.files]


class Ledger:
    """Shared by the server's threads. `again` counts how often a person asked for another POST of a marker."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.posts: dict[str, list[Post]] = defaultdict(list)
        self.tasks: dict[str, Task] = {}
        self.again: dict[str, int] = defaultdict(int)

    def arrived(self, marker: str, variant: Variant, pid: int) -> Post:
        post = Post(marker, variant, pid, self.again[marker])
        with self.lock:
            self.posts[marker].append(post)
        return post

    def made(self, marker: str, body: dict[str, Any], *, fails: bool, looks: int, files: list[bytes]) -> Task:
        with self.lock:
            task_id = f"t{len(self.tasks) + 1:06d}"
            price = bill(marker, body["input"]["resolution"])
            task = Task(task_id, marker, price, fails, looks, files, body.get("callback_url", ""))
            self.tasks[task_id] = task
        return task

    def of(self, marker: str) -> list[Task]:
        with self.lock:
            return [task for task in self.tasks.values() if task.marker == marker]

    def dead(self, pid: int) -> None:
        """The process is gone: whatever it had not been answered by now, it never will."""
        with self.lock:
            for posts in self.posts.values():
                for post in posts:
                    if post.pid == pid and not post.answered:
                        post.died = True

    def unkept(self, marker: str, pid: int) -> None:
        """The process died with the answer to its last POST in hand, before it was written down."""
        with self.lock:
            mine = [post for post in self.posts.get(marker, []) if post.pid == pid]
            if mine:
                mine[-1].died = True
