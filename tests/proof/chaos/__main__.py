"""`python -m tests.proof.chaos`: see the package."""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests import blank, servers  # (blank first: before anything reads the environment)
from tests.proof.chaos.apixo import KEY, Apixo
from tests.proof.chaos.board import Board
from tests.proof.chaos.crew import GROWN, ROLES, ROOT, Crew

if TYPE_CHECKING:
    from tests.proof.chaos.drill import Drill

assert blank
PACE = "0.001"
IN_A_RUN = 106
# Of all deaths: the real web's, and real workers' on SQLite; beat's, the broker's and real workers' with Celery.
REAL_WEB = 0.03
SQLITE = {"work": 0.01}
CELERY = {"work": 0.02, "beat": 0.04, "broker": 0.04}
# Nobody waits 30 s for every death: a few do.
PATIENT, PATIENT_FROM = 12, 250


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.proof.chaos", description=__doc__)
    parser.add_argument("part", nargs="?", default="all", choices=("sqlite", "celery", "all"))
    parser.add_argument("--kills", type=int, default=0, help="0: 1,000 on SQLite, 300 with PostgreSQL and Celery")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--within", type=float, default=0, help="seconds after which nobody is killed any more")
    parser.add_argument("--least", type=int, default=5, help="but so many are, however long that takes")
    parser.add_argument("--point", default="", help="kill only there, for example: adopted")
    words = parser.parse_args()
    if words.part == "all":
        # A process each: settings are read once.
        more = ["--seed", str(words.seed), "--kills", str(words.kills), "--point", words.point]
        more += ["--within", str(words.within), "--least", str(words.least)]
        parts = [[sys.executable, "-m", "tests.proof.chaos", part, *more] for part in ("sqlite", "celery")]
        return max(subprocess.run(part, cwd=ROOT, check=False).returncode for part in parts)
    with tempfile.TemporaryDirectory(prefix="wanstudio-chaos-") as folder:
        if words.part == "sqlite":
            return 0 if play(Path(folder), words, None) else 1
        with servers.postgres() as database, servers.rabbitmq() as broker:
            os.environ |= {"DATABASE_URL": database.url, "BROKER_URL": broker.url}
            return 0 if play(Path(folder), words, broker) else 1


def play(folder: Path, words: argparse.Namespace, broker: servers.Server | None) -> bool:
    """The whole drill of one part. Whether all is well."""
    kills, seed, point = words.kills or (300 if broker else 1000), words.seed, words.point
    apixo, began = Apixo(seed), time.monotonic()
    environment(folder, apixo)
    subprocess.run([sys.executable, "manage.py", "prepare"], cwd=ROOT, check=True)

    import django

    django.setup()
    from tests.proof.chaos.cases import Cast
    from tests.proof.chaos.drill import Drill
    from tests.proof.chaos.plan import draw
    from tests.proof.chaos.report import Report, say

    report = Report()
    say(f"chaos on {'PostgreSQL with Celery' if broker else 'SQLite'}: {kills} kills, seed {seed}")
    with crew_of(GROWN if broker else ROLES) as crew:
        drill = Drill(apixo, Board(Path(os.environ["CHAOS_BOARD"])), crew, Cast(apixo, seed), report)
        if words.within:
            drill.end_within(words.within, words.least)
        if not point:
            at_any_moment(drill, folder, kills, seed, broker)
        if kills >= PATIENT_FROM:
            drill.run(draw(PATIENT, seed, point), "leases that run out by themselves", patient=True)
        # A miss is made up for, but not for ever.
        for more in range(20):
            plan = [] if drill.is_over else draw(min(IN_A_RUN, kills - report.kills), seed + more, point)
            if plan:
                drill.run(plan, "preloaded worker and web")
        well = report.end(*drill.posts()) and (report.kills >= kills or drill.is_over)
    say(f"{time.monotonic() - began:.0f} s")
    return well


def at_any_moment(drill: "Drill", folder: Path, kills: int, seed: int, broker: servers.Server | None) -> None:
    """Its share of the deaths of the real web, of real workers, of beat and of the broker."""
    from tests.proof.chaos.outside import Outside, draw_outside
    from tests.proof.chaos.served import play_real_web

    if of_real_web := round(kills * REAL_WEB):
        play_real_web(drill, of_real_web, seed, folder / "web.log")
    counts = {name: round(kills * part) for name, part in (CELERY if broker else SQLITE).items()}
    if plan := draw_outside(counts, seed):
        Outside(drill, folder / "work.log", seed, broker).play(plan)


@contextmanager
def crew_of(roles: tuple[str, ...]) -> Iterator[Crew]:
    crew = Crew(roles)
    try:
        yield crew
    finally:
        crew.close()


def environment(folder: Path, apixo: Apixo) -> None:
    """The studio's, for this process and all it starts."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "wanstudio.settings",
        "WANSTUDIO_DATA": str(folder / "data"),
        "PORT": str(servers.free_port()),
        "APIXO_API_KEY": KEY,
        "APIXO_BASE_URL": apixo.url,
        "WANSTUDIO_PACE": PACE,
        "WANSTUDIO_CALLS_PER_MINUTE": "1000000",
        # On a busy machine an answer can be seconds late, and would be unknown.
        "WANSTUDIO_READ_TIMEOUT": "30",
        "WANSTUDIO_IN_FLIGHT": "40",
        "LOG_LEVEL": "WARNING",
        "CHAOS_BOARD": str(folder / "board"),
        "CHAOS_LOG": str(folder / "victims.log"),
        "CHAOS_WAYS": " ".join(f"{name}={url}" for name, url in apixo.ways.items()),
    }


if __name__ == "__main__":
    sys.exit(main())
