"""`python -m tests.proof.rollback.upgrades`: every older version is upgraded to this one, and comes back; a table.

Versions × databases × {idle, jobs archiving, submitting and queued} × {asked to end, killed}. Takes half an hour on two
quiet cores; ends with an error if a case failed. Words choose cases: `0.4.0 postgres`, `first`, `SIGKILL`.
"""

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.proof.rollback.upgrade_drill import Case, drill
from tests.proof.rollback.versions import COMMITS, SHALLOW, STATES, runs_on

AT_ONCE = 2


@dataclass
class Row:
    case: Case
    outcome: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.case!s:60} {self.outcome:34} {self.seconds:4.0f} s"


def cases() -> list[Case]:
    """Each version and database with all at work, then idle, then at work and killed instead of asked, or asked."""
    pairs = [(version, database) for version in reversed(COMMITS) for database in runs_on(version)]
    sharply = {pair: number % 2 == 0 for number, pair in enumerate(pairs)}
    return [
        *(Case(*pair, STATES, sharply[pair]) for pair in pairs),
        *(Case(*pair) for pair in pairs),
        *(Case(*pair, STATES, not sharply[pair]) for pair in pairs),
    ]


def run(case: Case, trees: Path) -> Row:
    began = time.monotonic()
    try:
        outcome = _outcome(case, trees)
    except Exception as wrong:
        # The table says it, and the others go on.
        outcome = f"FAILED: {str(wrong)[:2000]}"
    row = Row(case, outcome, time.monotonic() - began)
    sys.stdout.write(f"{row}\n")
    sys.stdout.flush()
    return row


def _outcome(case: Case, trees: Path) -> str:
    with tempfile.TemporaryDirectory(prefix="wanstudio-upgrade-") as folder, drill(case, Path(folder), trees) as made:
        return f"0 lost, 0 sent twice, {made.run()} pages" if made else SHALLOW.format(case.version)


def main(words: list[str]) -> int:
    chosen = [case for case in cases() if all(word in str(case).split() for word in words)]
    with tempfile.TemporaryDirectory(prefix="wanstudio-versions-") as trees, ThreadPoolExecutor(AT_ONCE) as pool:
        rows = list(pool.map(lambda case: run(case, Path(trees)), chosen))
    failed = sum(row.outcome.startswith("FAILED") for row in rows)
    sys.stdout.write(f"{len(rows)} upgrades and rollbacks, {failed} failed\n")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
