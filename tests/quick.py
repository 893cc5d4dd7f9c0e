"""`make quick`: the tests of what has changed since the last commit, or in it if nothing has; in a minute and a half.

A changed module runs the tests of its folder and every test file that imports it. What is left when the time is over is
skipped, and counted in the report. Browser tests and `tests/proof` run only where they were changed themselves.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ALWAYS = ("tests/test_architecture.py",)
LONG = ("tests/e2e/", "tests/proof/")
# Of the 90 s, the rest is for starting, and for the tests that run when it is over.
TESTS_END_AFTER_S = 70
VARIABLE = "TESTS_END_AT"


def main() -> int:
    chosen = tests_of(changed())
    sys.stdout.write(f"{len(chosen)} files and folders: {' '.join(chosen)}\n")
    sys.stdout.flush()
    until = str(time.time() + TESTS_END_AFTER_S)
    command = [sys.executable, "-m", "pytest", "-q", "--numprocesses=logical", "--maxprocesses=4", "--dist=loadfile"]
    command += ["-p", "tests.quick", "--no-loadscope-reorder", "--maxfail=20", *chosen]
    return subprocess.run(command, cwd=ROOT, env=os.environ | {VARIABLE: until}, check=False).returncode


def changed() -> list[str]:
    """Paths that differ from the last commit, new ones included; if there are none, the last commit's own."""
    names = _git("diff", "--name-only", "HEAD") + _git("ls-files", "--others", "--exclude-standard")
    return names or _git("diff", "--name-only", "HEAD~1", "HEAD")


def _git(*words: str) -> list[str]:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def tests_of(paths: Iterable[str]) -> list[str]:
    """Test files and folders for these paths: their own first, then those that import them."""
    found: dict[str, None] = {}
    modules = []
    for path in paths:
        found |= dict.fromkeys(_own(path))
        if path.endswith(".py"):
            modules.append(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        name = file.relative_to(ROOT).as_posix()
        if not name.startswith(LONG) and _imports(file.read_text(), modules):
            found[name] = None
    # A file within a folder that runs anyway would run twice.
    folders = tuple(f"{name}/" for name in found if not name.endswith(".py"))
    return [*(name for name in found if not name.startswith(folders)), *ALWAYS]


def _own(path: str) -> list[str]:
    """The changed test itself, or the folder of tests with the name of the changed file's folder."""
    parts = Path(path).parts
    if parts[0] == "tests" and parts[-1].startswith("test_") and (ROOT / path).exists():
        return [path] if path not in ALWAYS else []
    if parts[0] == "tests" and path.startswith(LONG):
        return []
    inner = parts[1:-1] if parts[0] != "static" else parts[2:-1]
    folder = f"tests/{inner[0]}" if inner else ""
    return [folder] if folder and list((ROOT / folder).rglob("test_*.py")) else []


def _imports(text: str, modules: list[str]) -> bool:
    return any(f"from {name} import" in text or f"import {name}\n" in text for name in modules)


# --- as a plugin of pytest, in each of its processes --------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    if time.time() > float(os.environ[VARIABLE]):
        pytest.skip("no time left: make test runs it")


if __name__ == "__main__":
    sys.exit(main())
