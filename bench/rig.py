"""The rig: seeded studios, kept from one run to the next, and processes in which Django is set up on one of them."""

import hashlib
import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests import servers
from tests.e2e.studio import Studio

ROOT = Path(__file__).resolve().parent.parent
# So that what would be billed counts as money; its address leads nowhere.
KEY = {"APIXO_API_KEY": "seed-key-0000000000", "APIXO_BASE_URL": "http://127.0.0.1:9"}


@dataclass(frozen=True)
class Seeded:
    """A studio's data folder, and the address of its database if that is not in it."""

    folder: Path
    database: str = ""

    @property
    def env(self) -> dict[str, str]:
        return {"WANSTUDIO_DATA": str(self.folder), "DATABASE_URL": self.database, **KEY}

    @property
    def told(self) -> dict[str, Any]:
        """Who can sign in, links, ids: see `bench/seed.py`."""
        told: dict[str, Any] = json.loads((self.folder / "seed.json").read_text())
        return told


@dataclass
class Rig:
    """`sizes`: videos of a small and of a large studio. `runs`: pairs of each figure. `settings`: of the processes."""

    data: Path
    sizes: tuple[int, int] = (1_000, 1_000_000)
    runs: int = 7
    has_postgres: bool = True
    settings: str = "wanstudio.settings"
    _over: ExitStack = field(default_factory=ExitStack)
    _server: str = ""
    _inside: dict[Seeded, "Inside"] = field(default_factory=dict)

    def small(self) -> Seeded:
        return self.seeded(self.sizes[0])

    def large(self) -> Seeded:
        return self.seeded(self.sizes[1])

    def seeded(self, videos: int, *, postgres: bool = False) -> Seeded:
        """Only to be read. The SQLite ones are kept while neither the tables nor the seed change."""
        folder = self.data / f"{'postgres' if postgres else 'sqlite'}-{videos}-{_fingerprint()}"
        database = self._database(f"studio_{videos}") if postgres else ""
        if postgres or not (folder / "seed.json").exists():
            draft = folder.with_suffix(".draft")
            shutil.rmtree(draft, ignore_errors=True)
            words = [sys.executable, "-m", "bench.seed", str(draft), "--videos", str(videos), "--database", database]
            if not postgres or not _has_rows(database):
                subprocess.run(words, cwd=ROOT, check=True)
                shutil.rmtree(folder, ignore_errors=True)
                draft.rename(folder)
        return Seeded(folder, database)

    @contextmanager
    def copy(self, seeded: Seeded) -> Iterator[Seeded]:
        """To be written into; gone afterwards. SQLite only."""
        folder = self.data / f"copy-{os.getpid()}-{seeded.folder.name}"
        subprocess.run(["cp", "-r", "--reflink=auto", str(seeded.folder), str(folder)], check=True)
        try:
            yield Seeded(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def studio(self, seeded: Seeded, **env: str) -> Iterator[Studio]:
        """A whole studio on a copy of it, in processes of its own. No worker of it asks a provider for anything."""
        with self.copy(seeded) as copied:
            studio = Studio(copied.folder, None, LOG_LEVEL="WARNING", **env)
            try:
                yield studio.start()
            finally:
                studio.end()

    def inside(self, seeded: Seeded) -> "Inside":
        """A process in which Django is set up on this studio; the same one until the rig is closed."""
        if seeded not in self._inside:
            self._inside[seeded] = Inside({**seeded.env, "DJANGO_SETTINGS_MODULE": self.settings})
            self._over.callback(self._inside[seeded].close)
        return self._inside[seeded]

    def close(self) -> None:
        self._over.close()

    def _database(self, name: str) -> str:
        if not self._server:
            self._server = self._over.enter_context(servers.postgres()).url
        with psycopg.connect(self._server, autocommit=True) as line:
            if not line.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                line.execute(f"CREATE DATABASE {name}")
        return self._server.rpartition("/")[0] + f"/{name}"


def _has_rows(database: str) -> bool:
    with psycopg.connect(database) as line:
        return line.execute("SELECT to_regclass('wanstudio_job')").fetchone() != (None,)


def _fingerprint() -> str:
    """Of the tables and of what is put into them."""
    digest = hashlib.sha256()
    for path in sorted([*(ROOT / "wanstudio" / "migrations").glob("*.py"), *(ROOT / "bench" / "seeding").glob("*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:10]


class Inside:
    """Functions of ours, called there: `inside.call("bench.inside.cost", "/jobs/", 3)`; what they return is JSON."""

    def __init__(self, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.rig"],
            cwd=ROOT,
            env={**os.environ, **env, "LOG_LEVEL": "CRITICAL", "WANSTUDIO_ALLOWED_HOSTS": "testserver"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def call(self, function: str, *values: object) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([function, values]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"{function} ended its process"
        return json.loads(answer)

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(120)


def serve() -> None:
    """Calls on standard input, one a line; answers on standard output, where nothing else is written."""
    import logging

    import django

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    django.setup()
    logging.disable(logging.CRITICAL)
    from django.core.management import call_command

    if os.environ["DJANGO_SETTINGS_MODULE"] == "wanstudio.settings":
        call_command("prepare")
    for line in sys.stdin:
        name, values = json.loads(line)
        module, _, function = name.rpartition(".")
        answers.write(json.dumps(getattr(importlib.import_module(module), function)(*values)) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve()
