"""The version before this one at work is upgraded and comes back; `make upgrades` does that with every version."""

from pathlib import Path

import pytest

from tests.proof.rollback.upgrade_drill import Case, drill
from tests.proof.rollback.versions import COMMITS, SHALLOW, STATES

# The same case each time: which of them failed must not depend on the day.
CASE = Case(list(COMMITS)[-1], "sqlite", STATES, sharply=True)


def test_upgraded_studio_loses_nothing_and_sends_nothing_twice_nor_once_it_is_back(tmp_path: Path) -> None:
    with drill(CASE, tmp_path, tmp_path / "trees") as made:
        if made is None:
            pytest.skip(SHALLOW.format(CASE.version))
        assert made.run() > 100
