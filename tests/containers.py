"""Podman of Debian without a registry: the base image is made by mmdebstrap, with the sources that this machine has.

    with engine() as podman:
        podman.import_debian()
        podman.build()          # deploy/Containerfile, as anyone builds it
        podman("run", …)

Its images and containers are in a folder of its own, which is removed with it. It needs root.
"""

import ast
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.studio import ROOT

CONTAINERFILE = ROOT / "deploy" / "Containerfile"
# As in Debian's slim image: no manuals and no translations; licences stay.
SLIM = ("/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/doc/*")
# Where a machine gets its packages from; what it pins is not asked for here.
OF_PIP = ("index-url", "extra-index-url", "find-links", "no-index", "cert", "trusted-host", "proxy", "default-timeout")


class Podman:
    """`podman …` with everything it keeps below `folder`. Containers share this machine's network."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "storage.conf").write_text(
            f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/images"\nrunroot = "{folder}/run"\n'
        )
        # A machine can forbid to raise limits, and has no systemd: neither is the image's affair.
        (folder / "containers.conf").write_text(
            '[containers]\nnetns = "host"\ndefault_ulimits = ["nofile=20000:20000", "nproc=20000:20000"]\n'
            '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
        )
        self.env = {
            **os.environ,
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        }

    def __call__(self, *words: str, timeout_s: float = 300) -> str:
        done = self.run(*words, timeout_s=timeout_s)
        assert done.returncode == 0, f"podman {' '.join(words)}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
        return done.stdout.strip()

    def run(self, *words: str, timeout_s: float = 300) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["podman", *words],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )

    def import_debian(self) -> None:
        """The image that the Containerfile begins with, under its own name."""
        found = re.search(r"^ARG BASE=(debian:(\w+)-slim)$", CONTAINERFILE.read_text(), re.M)
        assert found, "the Containerfile's base is Debian's slim image"
        tar = self.folder / "debian.tar"
        debootstrap(found[2], tar)
        self("import", str(tar), f"localhost/{found[1]}")
        tar.unlink()

    def build(self, *options: str) -> None:
        settings, mounts = pip_settings()
        (self.folder / "pip.conf").write_text(settings)
        volumes = [f"--volume={mount}:ro" for mount in mounts]
        cache = Path("~/.cache/pip").expanduser()
        cache.mkdir(parents=True, exist_ok=True)
        self(
            *("build", "--format=docker", f"--file={CONTAINERFILE}", "--tag=wanstudio"),
            *(f"--secret=id=pip.conf,src={self.folder}/pip.conf", f"--volume={cache}:/machine/pip-cache"),
            *(*volumes, *options, "."),
            timeout_s=900,
        )


# Reads until the test process closes its end, or dies: containers would run on without it.
END = """
cat >/dev/null
podman rm --all --force --time=1
podman rmi --all --force
umount -q "$1/images/overlay"
rm -rf --one-file-system "$1"
"""


@contextmanager
def engine() -> Iterator[Podman]:
    folder = Path(tempfile.mkdtemp(prefix="wanstudio-podman-"))
    podman = Podman(folder)
    quiet = subprocess.DEVNULL
    ending = subprocess.Popen(
        ["sh", "-c", END, "sh", str(folder)],
        env=podman.env,
        stdin=subprocess.PIPE,
        stdout=quiet,
        stderr=quiet,
        start_new_session=True,
    )
    try:
        yield podman
    finally:
        assert ending.stdin
        ending.stdin.close()
        ending.wait(120)


def debootstrap(release: str, target: Path) -> None:
    """Debian's essential packages and apt as a tar file, from where this machine gets its own."""
    own = re.search(r"^VERSION_CODENAME=(\w+)$", Path("/etc/os-release").read_text(), re.M)
    named = [Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list")]
    source = next(path for path in named if path.exists())
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / source.name
        copy.write_text(source.read_text().replace(own[1] if own else release, release))
        excluded = [f"--dpkgopt=path-exclude={path}" for path in SLIM]
        subprocess.run(
            [
                *("mmdebstrap", "--mode=root", "--variant=apt", "--quiet", "--dpkgopt=force-unsafe-io"),
                *(*excluded, "--dpkgopt=path-include=/usr/share/doc/*/copyright"),
                *(release, str(target), str(copy)),
            ],
            check=True,
            timeout=600,
        )


def pip_settings() -> tuple[str, list[str]]:
    """A pip.conf that says where this machine's pip gets packages from, and the volumes for that."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    lines = ["[global]", "cache-dir = /machine/pip-cache"]
    mounts: list[str] = []
    for name, value in re.findall(r"^[\w:]+\.([\w-]+)=('.*'|\".*\")$", listed, re.M):
        if name in OF_PIP:
            words = str(ast.literal_eval(value)).split()
            # An index that is a folder names files beside itself.
            folders = [str(Path(word.removeprefix("file://")).parent) for word in words if word.startswith("file://")]
            mounts += [f"{path}:{path}" for path in [*folders, *words] if Path(path).is_dir()]
            if name == "cert":
                # Debian's own file of this name is written as its package is set up.
                mounts, words = [*mounts, f"{words[0]}:/machine/cert.pem"], ["/machine/cert.pem"]
            lines.append(f"{name} = {' '.join(words)}")
    return "\n".join([*dict.fromkeys(lines), ""]), list(dict.fromkeys(mounts))
