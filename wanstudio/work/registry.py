"""Steps and hooks of the worker, registered by each noun's `steps`, which it imports before its first look for work.

So the worker names no noun, and a process that only shows pages does not load PyAV and its 23 MB.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from importlib import import_module
from typing import Any, Generic, TypeVar

from wanstudio.work.leases import Leased

R = TypeVar("R", bound=Leased)


@dataclass
class Kind(Generic[R]):
    """The registrations of one model of due rows.

    `steps` by state; under None for rows in any other state. A row that has no step stops being due.
    `before_looking`: in each worker before it looks for due rows, several times a second.
    `log_names`: further names in the log lines of a step, besides the row itself.
    `after_release`: after each step, once the lease is let go, with the row and the state that it had before.
    """

    steps: dict[str | None, Callable[[R], None]] = field(default_factory=dict)
    before_looking: Callable[[], None] = lambda: None
    log_names: Callable[[R], dict[str, object]] = lambda row: {}
    after_release: Callable[[R, str], None] = lambda row, state_before: None


kinds: dict[type[Leased], Kind[Any]] = defaultdict(Kind)
# Each runs once as a worker starts.
starts: list[Callable[[], None]] = []
# Put in by the app, in the order of the nouns.
step_modules: list[str] = []
# The factor on all intervals, asked for again each time; without it they are as they are.
pace: Callable[[], float] | None = None


@cache
def load_steps() -> None:
    """Before anything else here is read. Threads that come at once all wait until the last module is there."""
    for module in step_modules:
        import_module(module)


def kind_of(model: type[R]) -> Kind[R]:
    return kinds[model]


def register(model: type[R], step: Callable[[R], None], state: str | None = None) -> None:
    """This is the step of a row in `state`; without one, in every state that has no step of its own."""
    kinds[model].steps[state] = step


def paced(interval: timedelta) -> timedelta:
    return interval * pace() if pace else interval
