"""Timecodes as people type them and as addresses carry them."""

import re

_CLOCK = re.compile(r"(?:([0-9]{1,4}):)?([0-9]{1,6}(?:[.,][0-9]{1,6})?)s?")


def seconds_of(text: str) -> float | None:
    """`0:03.4`, `3.4` or `83` as seconds; None for anything else."""
    found = _CLOCK.fullmatch(text.strip())
    return int(found[1] or 0) * 60 + float(found[2].replace(",", ".")) if found else None
