"""`make bench`: every figure beside its goal. `python -m bench polls pages` measures these groups only.

A group is a module of `bench/groups` with a function `figures(rig)` that yields `Figure`s; its name is the module's.
"""

import argparse
import importlib
import os
import pkgutil
import tempfile
import traceback
from collections.abc import Iterable
from pathlib import Path

from tests import blank  # noqa: F401  (before anything reads the environment)

# isort: split
from bench import groups
from bench.figures import Figure, section, write
from bench.rig import Rig
from bench.words import say

GROUPS = sorted(module.name for module in pkgutil.iter_modules(groups.__path__))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("groups", nargs="*", help=f"of {', '.join(GROUPS)}; without any, all of them")
    parser.add_argument("--sizes", type=int, nargs=2, default=(1_000, 1_000_000), help="videos, small and large studio")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--no-postgres", action="store_true")
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "wanstudio-bench")
    asked = parser.parse_args()
    if unknown := set(asked.groups) - set(GROUPS):
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    asked.data.mkdir(parents=True, exist_ok=True)
    rig = Rig(asked.data, tuple(asked.sizes), asked.runs, has_postgres=not asked.no_postgres)
    failed = 0
    try:
        for name in asked.groups or GROUPS:
            # Written at once: a run takes long.
            made, wrong = measure(rig, [name])
            write(made)
            failed += wrong
    finally:
        rig.close()
    return failed


def measure(rig: Rig, names: Iterable[str]) -> tuple[dict[str, str], int]:
    """The section of each group, and in how many something went wrong."""
    sections, failed = {}, 0
    for name in names:
        say(name)
        before, figures = os.getloadavg()[0], list[Figure]()
        try:
            for figure in importlib.import_module(f"bench.groups.{name}").figures(rig):
                say(figure.line())
                figures.append(figure)
        except Exception:
            failed += 1
            say(f"  {name} failed:\n{traceback.format_exc()}")
        sections[name] = section(name, figures, (before, os.getloadavg()[0]))
    return sections, failed


if __name__ == "__main__":
    raise SystemExit(main())
