"""Log context: the job and attempt that the log lines of this thread are about."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

_about: ContextVar[Mapping[str, object]] = ContextVar("about", default=MappingProxyType({}))


@contextmanager
def about(**names: object) -> Iterator[None]:
    """Names for the lines written within, beside those of the lines around it."""
    before = _about.set({**_about.get(), **names})
    try:
        yield
    finally:
        _about.reset(before)


def now_about() -> dict[str, object]:
    return dict(_about.get())


def also(**names: object) -> None:
    """The same for the rest of the `about` that this runs in."""
    _about.set({**_about.get(), **names})
