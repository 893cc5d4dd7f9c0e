"""Steps and hooks of the worker, registered by each noun's `steps`, which it imports before its first look for work.

So the worker names no noun, and a process that only shows pages does not load PyAV and its 23 MB.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from importlib import import_module
from typing import TypeVar, cast

from wanstudio.work.leases import Leased

R = TypeVar("R", bound=Leased)
Step = Callable[[Leased], None]


@dataclass
class Kind:
    """The registrations of one model of due rows. `steps` by state; under None for rows in any other state."""

    steps: dict[str | None, Step] = field(default_factory=dict)
    before_looking: list[Callable[[], None]] = field(default_factory=list)
    log_names: Callable[[Leased], dict[str, object]] = lambda row: {}
    after_step: list[Step] = field(default_factory=list)
    after_release: list[Callable[[Leased, str], None]] = field(default_factory=list)

    def step_for(self, row: Leased) -> Step | None:
        return self.steps.get(state_of(row), self.steps.get(None))


kinds: dict[type[Leased], Kind] = {}
starts: list[Callable[[], None]] = []
# Put in by the app, in the order of the nouns.
step_modules: list[str] = []


@cache
def load_steps() -> None:
    """Before anything else here is read. Threads that come at once all wait until the last module is there."""
    for module in step_modules:
        import_module(module)


def state_of(row: Leased) -> str:
    return str(getattr(row, "state", ""))


def kind_of(model: type[Leased]) -> Kind:
    return kinds.setdefault(model, Kind())


def register(model: type[R], step: Callable[[R], None], state: str | None = None) -> None:
    """This is the step of a row in `state`; without one, in every state that has no step of its own.

    A row that has no step at all stops being due. (Only rows of the model come to its step, hence the cast.)
    """
    kind_of(model).steps[state] = cast("Step", step)


def before_looking(model: type[Leased], hook: Callable[[], None]) -> None:
    """Runs in each worker before it looks for due rows of the model: several times a second."""
    kind_of(model).before_looking.append(hook)


def log_names(model: type[R], names: Callable[[R], dict[str, object]]) -> None:
    """Further names in the log lines of a step, besides the row itself."""
    kind_of(model).log_names = cast("Callable[[Leased], dict[str, object]]", names)


def after_step(model: type[R], hook: Callable[[R], None]) -> None:
    """Runs after a step that did not fail, under its lease. If it fails, step and hook are tried again."""
    kind_of(model).after_step.append(cast("Step", hook))


def after_release(model: type[R], hook: Callable[[R, str], None]) -> None:
    """Runs after each step, once the lease is let go, with the row and the state that it had before."""
    kind_of(model).after_release.append(cast("Callable[[Leased, str], None]", hook))


def at_start(hook: Callable[[], None]) -> None:
    """Runs once as a worker starts."""
    starts.append(hook)


def _unpaced() -> float:
    return 1.0


_pace: Callable[[], float] = _unpaced


def set_pace(pace: Callable[[], float]) -> None:
    """The factor on all intervals, asked for anew each time; 1 unless one is set."""
    global _pace
    _pace = pace


def paced(interval: timedelta) -> timedelta:
    return interval * _pace()
