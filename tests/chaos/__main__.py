"""`python -m tests.chaos`: see the package."""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests import blank  # noqa: F401  (before anything reads the environment)
from tests.chaos.apixo import KEY, Apixo
from tests.chaos.board import Board
from tests.chaos.crew import ROOT, Crew
from tests.e2e.studio import free_port

PACE = "0.001"
IN_A_RUN = 106
OF_GRANIAN = 0.05
# Nobody waits 30 s for every death: a few do.
PATIENT, PATIENT_FROM = 12, 500


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("part", nargs="?", default="sqlite", choices=("sqlite", "celery"))
    parser.add_argument("--kills", type=int, default=0, help="0: 1,000 on SQLite, 300 with Celery")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wanstudio-chaos-") as folder:
        return 0 if sqlite(Path(folder), words.kills or 1000, words.seed) else 1


def sqlite(folder: Path, kills: int, seed: int) -> bool:
    apixo = Apixo(seed)
    environment(folder, apixo)
    subprocess.run([sys.executable, "manage.py", "prepare"], cwd=ROOT, check=True)
    board = Board(Path(os.environ["CHAOS_BOARD"]))

    import django

    django.setup()
    from tests.chaos.cases import Cast
    from tests.chaos.drill import Drill
    from tests.chaos.plan import draw
    from tests.chaos.report import Report, say
    from tests.chaos.served import play_granian

    began = time.monotonic()
    say(f"chaos on SQLite: {kills} kills, seed {seed}")
    crew, report = Crew(), Report()
    drill = Drill(apixo, board, crew, Cast(apixo, seed), report)
    try:
        play_granian(drill, round(kills * OF_GRANIAN), seed, folder / "granian.log")
        if kills >= PATIENT_FROM:
            drill.run(draw(PATIENT, seed), "leases that run out by themselves", patient=True)
        # A miss is made up for, but not for ever.
        for more in range(20):
            if plan := draw(min(IN_A_RUN, kills - report.kills), seed + more):
                drill.run(plan, "preloaded worker and web")
    finally:
        crew.close()
    well = report.end(*drill.posts()) and report.kills >= kills
    say(f"{time.monotonic() - began:.0f} s")
    return well


def environment(folder: Path, apixo: Apixo) -> None:
    """The studio's, for this process and all it starts."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "wanstudio.settings",
        "WANSTUDIO_DATA": str(folder / "data"),
        "PORT": str(free_port()),
        "APIXO_API_KEY": KEY,
        "APIXO_BASE_URL": apixo.url,
        "WANSTUDIO_PACE": PACE,
        "WANSTUDIO_READ_TIMEOUT": "1",
        "WANSTUDIO_IN_FLIGHT": "40",
        "LOG_LEVEL": "WARNING",
        "CHAOS_BOARD": str(folder / "board"),
        "CHAOS_LOG": str(folder / "victims.log"),
        "CHAOS_WAYS": " ".join(f"{name}={url}" for name, url in apixo.ways.items()),
    }


if __name__ == "__main__":
    sys.exit(main())
