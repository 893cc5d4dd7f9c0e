"""A machine for a test: a copy of this one in namespaces, with systemd as its first process. It ends without a trace.

Its disk is this machine's, and what is written goes to memory; its processes, network, users' folders and clock of
services are its own. It needs root, and a kernel that lets root make namespaces.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.studio import ROOT, wait_until

# What a copy must not do: touch the devices and the kernel of the machine that it runs on, or wait for a network.
MASKED = """
systemd-udevd.service systemd-udev-trigger.service systemd-udevd-kernel.socket systemd-udevd-control.socket
systemd-sysctl.service systemd-modules-load.service systemd-remount-fs.service systemd-update-utmp.service
systemd-binfmt.service systemd-logind.service systemd-networkd.service systemd-timesyncd.service
systemd-resolved.service getty.target console-getty.service sys-kernel-debug.mount sys-kernel-tracing.mount
dev-hugepages.mount dev-mqueue.mount
"""
BOOT = """
folder=$1 shared=$2
umask 022
mount -t tmpfs -o mode=755 disk "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/root"
mount -t overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" machine "$folder/root"
cd "$folder/root"
mount -t proc proc proc
mount --bind -o ro /proc/sys proc/sys
mount -t sysfs -o ro sys sys
mount -t cgroup2 cgroup sys/fs/cgroup
for place in run tmp root dev; do mount -t tmpfs -o mode=755 "$place" "$place"; done
chmod 1777 tmp
for name in null zero full random urandom tty; do touch dev/$name; mount --bind /dev/$name dev/$name; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t tmpfs -o mode=1777 shm dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mkdir root/shared
mount --bind "$shared" root/shared
# What is installed on the machine for other tests does not start.
rm -rf etc/systemd/system/*.wants var/log/journal
for unit in $MASKED; do ln -sf /dev/null etc/systemd/system/$unit; done
echo 127.0.0.1 localhost studio.example.com >etc/hosts
ip link set lo up
# No chroot: it can be left, and then a command would change the disk of the machine that it runs on.
mkdir old
pivot_root . old
umount --lazy /old
exec env -i container=test PATH="$PATH" \\
    /lib/systemd/systemd --system --unit=multi-user.target --log-target=journal --show-status=0
"""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
UP = ("running", "degraded")
APART = ("--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--cgroup", "--net")


@dataclass
class Machine:
    """`shared` is a folder of the test's, at /root/shared within the machine. `pid` is its systemd, seen from here."""

    shared: Path
    pid: int

    def run(self, *words: str, env: Mapping[str, str] | None = None, timeout_s: float = 120) -> str:
        """What the command says in the machine, as root; it must not fail."""
        done = self.command(*words, env=env, timeout_s=timeout_s)
        assert done.returncode == 0, f"{words}\n{done.stdout[-5000:]}"
        return done.stdout

    def command(
        self, *words: str, env: Mapping[str, str] | None = None, timeout_s: float = 120
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["nsenter", "--target", str(self.pid), "--all", "--root", "--wd", *words],
            env={"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def shell(self, lines: list[str], env: Mapping[str, str] | None = None, timeout_s: float = 300) -> str:
        """The lines of a page, one after the other, in /root; none must fail."""
        return self.run("sh", "-eu", "-c", "cd /root\n" + "\n".join(lines), env=env, timeout_s=timeout_s)

    def browse(self, *words: str) -> str:
        """`first_video.py words…` with this machine's disk and browser, and the other's network."""
        done = subprocess.run(
            ["nsenter", "--target", str(self.pid), "--net", sys.executable, "-m", f"{__package__}.first_video", *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, f"{words}\n{done.stdout[-2000:]}\n{done.stderr[-5000:]}"
        return done.stdout.strip()

    def shows(self, unit: str, name: str) -> str:
        return self.run("systemctl", "show", "--value", "-p", name, unit).strip()

    def log(self, unit: str) -> str:
        self.run("journalctl", "--sync")
        return self.run("journalctl", "--unit", unit, "--output", "cat", "--no-pager")


def lacking() -> str:
    """The reason why no such machine can be made here, or an empty text."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs root: it boots a copy of this machine in namespaces"
    if not Path("/lib/systemd/systemd").exists() or not shutil.which("unshare") or not shutil.which("nsenter"):
        return "needs systemd, unshare and nsenter"
    made = subprocess.run(["unshare", *APART, "mount", "-t", "tmpfs", "x", "/mnt"], capture_output=True, check=False)
    return f"this kernel makes no namespaces for us: {made.stderr.decode().strip()}" if made.returncode else ""


@contextmanager
def machine(folder: Path, shared: Path) -> Iterator[Machine]:
    with (folder / "boot.log").open("wb") as log:
        process = subprocess.Popen(
            ["unshare", *APART, "sh", "-eu", "-c", BOOT, "boot", str(folder), str(shared)],
            env={"PATH": PATH, "MASKED": " ".join(MASKED.split())},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

    def said() -> str:
        return (folder / "boot.log").read_text(errors="replace")

    def first_process() -> int:
        assert process.poll() is None, said()
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        return int(children[0]) if children else 0

    try:
        made = Machine(shared, wait_until(first_process, "the machine's first process"))
        try:
            wait_until(lambda: made.command("systemctl", "is-system-running").stdout.strip() in UP, "systemd is up", 90)
        except AssertionError as late:
            jobs = made.command("systemctl", "list-jobs", "--no-pager").stdout
            raise AssertionError(f"{late}; its jobs: {jobs}") from None
        yield made
    finally:
        process.kill()
        process.wait()
