"""Environments made by the Makefile: whole from its locks on any day, and made anew where one was left half made.

Real `make`, venv and pip, in a folder of their own. The packages come from an index on loopback: wheels that carry the
metadata of the real ones, each in the pinned version and in a newer one.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distribution, distributions
from pathlib import Path
from threading import Thread

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.package_index import Index, Stub

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.txt", "requirements-dev.txt")
MAKE_WITHIN_S = 400
# Each makes several environments.
pytestmark = pytest.mark.timeout(4 * MAKE_WITHIN_S)
# Read by every Python below make: kills the whole group at the moment pip opens this file to write it.
KILLER = """\
import os, signal, sys

def kill(event, args):
    if event == "open" and str(args[0]).endswith(os.environ["KILL_AT"]):
        os.killpg(0, signal.SIGKILL)

sys.addaudithook(kill)
"""


@dataclass(frozen=True)
class Checkout:
    """A folder with the Makefile and two locks, and what its commands made in it."""

    folder: Path
    index: Index

    @property
    def venv(self) -> Path:
        return self.folder / ".venv"

    @property
    def packages(self) -> Path:
        return next(self.venv.glob("lib/python*/site-packages"))

    def installed(self) -> dict[str, str]:
        """Versions by name, without what venv itself puts into an environment."""
        found = {canonicalize_name(each.name): each.version for each in distributions(path=[str(self.packages)])}
        return {name: version for name, version in found.items() if name not in ("pip", "setuptools")}

    def stamps(self) -> set[str]:
        return {path.name for path in self.venv.glob("installed*")}

    def run(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        """A command, away from this machine's settings of pip and from a make that runs the tests."""
        mine = ("PIP_", "MAKE", "MFLAGS", "PYTHON", "VIRTUAL_ENV")
        env = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
        pip = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1", "PIP_INDEX_URL": self.index.url}
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**env, **pip, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=MAKE_WITHIN_S,
            start_new_session=True,
            check=False,
        )

    def make(self, *targets: str, **more: str) -> subprocess.CompletedProcess[str]:
        return self.run("make", f"PYTHON={sys.executable}", *targets, **more)

    def lock(self, runtime: list[Stub], dev: list[Stub]) -> None:
        for name, stubs in zip(LOCKS, (runtime, [*runtime, *dev]), strict=True):
            lines = [f"{stub.name}=={stub.version} --hash=sha256:{stub.sha256}\n" for stub in stubs]
            (self.folder / name).write_text("".join(lines))


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    shutil.copy(ROOT / "Makefile", tmp_path)
    with Index() as index:
        Thread(target=index.serve_forever, args=(0.05,), daemon=True).start()
        yield Checkout(tmp_path, index)
        index.shutdown()


def pins(lock: str) -> dict[str, Requirement]:
    """The requirements of a lock by name, those for other systems too."""
    lines = re.findall(r"^([a-z0-9].*?) \\$", (ROOT / lock).read_text(), re.M)
    return {requirement.name: requirement for requirement in map(Requirement, lines)}


def stub_of(requirement: Requirement) -> Stub:
    metadata = distribution(requirement.name).metadata
    fields = [f"{key}: {value}" for key in ("Requires-Dist", "Provides-Extra") for value in metadata.get_all(key) or ()]
    return Stub(requirement.name, str(requirement.specifier).removeprefix("=="), tuple(fields))


def with_hashes_of(stubs: dict[str, Stub], lock: str) -> str:
    """The lock as it stands, but for the hashes of what there is a stub of."""
    blocks = re.split(r"^(?=[a-z0-9])", lock, flags=re.M)
    for i, block in enumerate(blocks):
        if stub := stubs.get(block.partition("==")[0]):
            blocks[i] = re.sub(r"sha256:\w+", f"sha256:{stub.sha256}", block)
    return "".join(blocks)


@pytest.mark.parametrize(("lock", "stamp"), [(LOCKS[0], "installed"), (LOCKS[1], "installed-dev")])
def test_lock_installs_while_the_index_offers_newer_releases(checkout: Checkout, lock: str, stamp: str) -> None:
    here = [each for each in pins(LOCKS[1]).values() if each.marker is None or each.marker.evaluate()]
    stubs = {requirement.name: stub_of(requirement) for requirement in here}
    for stub in stubs.values():
        checkout.index.offer(stub, stub.newer())
    for name in LOCKS:
        (checkout.folder / name).write_text(with_hashes_of(stubs, (ROOT / name).read_text()))

    made = checkout.make(f".venv/{stamp}")

    assert made.returncode == 0, made.stdout
    assert not re.search("warning|notice", made.stdout, re.I), made.stdout
    pinned = pins(lock)
    assert checkout.installed() == {name: stub.version for name, stub in stubs.items() if name in pinned}
    checked = checkout.run(".venv/bin/python", "-m", "pip", "check")
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("lacks", ["pip", "interpreter"])
def test_environment_that_cannot_run_pip_is_made_anew_in_spite_of_its_stamps(checkout: Checkout, lacks: str) -> None:
    checkout.lock([runtime := Stub("runtime", "1.0")], [])
    checkout.index.offer(runtime)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", checkout.venv], check=True)
    (checkout.venv / "left-over").touch()
    (checkout.venv / "installed").touch()
    (checkout.venv / "installed-dev").touch()
    if lacks == "interpreter":
        python = checkout.venv / "bin/python"
        python.unlink()
        python.symlink_to("/nowhere/python")

    made = checkout.make(".venv/installed")

    assert made.returncode == 0, made.stdout
    assert checkout.installed() == {"runtime": "1.0"}
    assert checkout.stamps() == {"installed"}
    assert not (checkout.venv / "left-over").exists()


def test_killed_installation_is_made_whole_by_the_next_make(checkout: Checkout) -> None:
    checkout.lock([runtime := Stub("runtime", "1.0")], [dev := Stub("dev", "2.0")])
    checkout.index.offer(runtime, dev)
    (checkout.folder / "sitecustomize.py").write_text(KILLER)
    for victim in (runtime, dev):
        module = f"{victim.module}_stub.py"
        killed = checkout.make(".venv/installed-dev", PYTHONPATH=str(checkout.folder), KILL_AT=module)
        assert killed.returncode == -signal.SIGKILL, killed.stdout
        assert victim.name in checkout.installed(), "half there, and pip would leave it so"
        assert not (checkout.packages / module).exists()
        assert checkout.stamps() == set()

    made = checkout.make(".venv/installed-dev")

    assert made.returncode == 0, made.stdout
    assert checkout.installed() == {"runtime": "1.0", "dev": "2.0"}
    assert {path.name for path in checkout.packages.glob("*_stub.py")} == {"runtime_stub.py", "dev_stub.py"}
    assert checkout.stamps() == {"installed", "installed-dev"}
    assert checkout.make("--question", ".venv/installed", ".venv/installed-dev").returncode == 0, "nothing left to do"
    (checkout.folder / LOCKS[1]).touch()
    assert "venv --clear" in checkout.make("--dry-run", ".venv/installed-dev").stdout, "no lock goes over an older one"


def test_lock_that_lacks_a_dependency_leaves_no_stamp(checkout: Checkout) -> None:
    checkout.lock([lacking := Stub("lacking", "1.0", ("Requires-Dist: absent",))], [])
    checkout.index.offer(lacking, Stub("absent", "1.0"))

    made = checkout.make(".venv/installed")

    assert made.returncode != 0
    assert "lacking 1.0 requires absent, which is not installed" in made.stdout
    assert checkout.stamps() == set()


def test_both_locks_pin_the_runtime_alike() -> None:
    runtime, dev = map(pins, LOCKS)
    assert {name: str(each) for name, each in runtime.items()} == {name: str(dev.get(name)) for name in runtime}


def test_targets_that_run_the_environment_install_it_first() -> None:
    rules = re.findall(r"^([a-z]+):(.*)\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.M)
    users = {target: needs for target, needs, recipe in rules if "$(BIN)/" in recipe}
    assert {"run", "test", "check", "work"} <= set(users)
    assert [target for target, needs in users.items() if "$(VENV)/installed" not in needs] == []
