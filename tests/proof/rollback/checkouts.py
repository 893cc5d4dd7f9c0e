"""Checkouts of two versions: the one that comes back, and the one that it is upgraded to."""

import fcntl
import re
import shutil
import subprocess
import sys
import tarfile
from importlib import metadata
from io import BytesIO
from pathlib import Path

from tests.e2e.studio import ROOT, Studio, wait_until

# Version 0.2.0: it looks at neither the version of its database nor at what was sent.
BEFORE = "16ebc67"
# Beside a checkout: what its `make run` would install otherwise than it is here.
PACKAGES = "packages"
LATER = """
from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("wanstudio", "{newest}")]
    operations = [
        migrations.AddField("Job", "later", models.IntegerField(null=True)),
        migrations.CreateModel("Later", [
            ("id", models.BigAutoField(primary_key=True)),
            ("job", models.ForeignKey("wanstudio.Job", models.CASCADE, related_name="+")),
        ]),
    ]
"""

DISK_FULL = """
from django.db import migrations

def fill(apps, schema_editor):
    raise OSError(28, "No space left on device")

class Migration(migrations.Migration):
    dependencies = [("wanstudio", "0999_later")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
"""


def kept(commit: str, trees: Path) -> Path | None:
    """The same, once for all who ask below `trees`."""
    trees.mkdir(parents=True, exist_ok=True)
    with (trees / f"{commit}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (trees / commit).exists():
            return trees / commit
        made = of_history(commit, trees / f"{commit}.draft")
        return made and made.rename(trees / commit)


def of_history(commit: str, into: Path) -> Path | None:
    """That commit's tree; None if this clone does not reach back so far."""
    made = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=False)
    if made.returncode:
        return None
    with tarfile.open(fileobj=BytesIO(made.stdout)) as tree:
        tree.extractall(into, filter="data")
    pins = re.findall(r"^(\S+)==([^\s;]+).*\n((?:    --hash=.*\n)+)", (into / "requirements.txt").read_text(), re.M)
    others = [f"{name}=={version} \\\n{hashes}" for name, version, hashes in pins if installed(name) != version]
    if not others:
        return into
    (into / "others.txt").write_text("".join(others))
    how = ("--quiet", "--no-deps", "--require-hashes", "--target", str(into / PACKAGES), "-r", str(into / "others.txt"))
    subprocess.run([sys.executable, "-m", "pip", "install", *how], check=True)
    return into


def installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def manage(studio: Studio, *words: str) -> str:
    """What the command prints; a worker that had to be killed counts as running for half a minute before it."""

    def ended() -> list[subprocess.CompletedProcess[str]]:
        done = studio.command(*words)
        return [] if "Stop it first" in done.stderr else [done]

    (done,) = wait_until(ended, "nothing of the studio runs", 120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def of_this(into: Path) -> Path:
    for name in ("manage.py", "wanstudio", "static", "templates", "tests"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, into / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            into.mkdir(exist_ok=True)
            shutil.copyfile(ROOT / name, into / name)
    return into


def later(into: Path) -> Path:
    """This version with one more migration: a column and a table."""
    tree = of_this(into)
    newest = sorted(path.stem for path in (tree / "wanstudio" / "migrations").glob("0*.py"))[-1]
    (tree / "wanstudio" / "migrations" / "0999_later.py").write_text(LATER.format(newest=newest))
    return tree
