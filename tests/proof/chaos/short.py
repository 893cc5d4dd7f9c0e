"""A drill of a few deaths, run as a process of its own."""

import re
import subprocess
import sys

from tests.proof.chaos.crew import ROOT


def drilled(part: str, kills: int, within_s: int, least: int) -> None:
    """So many die without a complaint, or as many as a slow machine has time for, but at least `least`.

    Another seed every time would make a failure hard to repeat.
    """
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.proof.chaos", part),
            *("--kills", str(kills), "--seed", "20", "--within", str(within_s), "--least", str(least)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    assert "beyond what the table allows: 0;" in done.stdout
    killed = re.search(r"^(\d+) killed", done.stdout, re.M)
    assert killed
    assert int(killed[1]) >= least
