"""What a person has before they install: a checkout of this version, and the packages of its lock."""

import shutil
import subprocess
from pathlib import Path

import pip

from tests.e2e.studio import ROOT

# The one that deploy/install.sh takes, and that every account of a machine can run.
PYTHON = "/usr/bin/python3"
LEFT_OUT = {".venv", ".git", "data", ".env", "test-results", ".hypothesis", ".coverage"}


def checkout(into: Path) -> Path:
    """Every file of this checkout, without what it has written and installed."""

    def left_out(folder: str, names: list[str]) -> set[str]:
        caches = {name for name in names if name == "__pycache__" or name.endswith("_cache")}
        return caches | (LEFT_OUT & set(names) if Path(folder) == ROOT else set())

    return Path(shutil.copytree(ROOT, into, ignore=left_out, symlinks=True))


def download(into: Path) -> dict[str, str]:
    """The packages that an installation would fetch, fetched before it: the environment in which pip takes these."""
    pip_here = Path(pip.__file__).parent
    words = ["download", "-qq", "--no-deps", "--require-hashes", "-r", str(ROOT / "requirements.txt"), "-d", str(into)]
    subprocess.run([PYTHON, "-I", str(pip_here), *words], check=True)
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(into)}
