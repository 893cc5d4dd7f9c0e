"""Older versions at work are upgraded and come back: some of the cases that `make upgrades` runs all of."""

import os
import random
from pathlib import Path

import pytest

from tests.proof.rollback.upgrade_drill import Case, drill
from tests.proof.rollback.versions import COMMITS, FIRST, SHALLOW, STATES, runs_on

# WANSTUDIO_UPGRADE_SEED repeats a choice.
SEED = int(os.environ.get("WANSTUDIO_UPGRADE_SEED") or random.SystemRandom().randrange(10_000))


def chosen(seed: int) -> list[Case]:
    """One of the older versions, on one of its databases, with all at work; every one comes up sooner or later."""
    pick = random.Random(seed)
    version = pick.choice([version for version in COMMITS if version != FIRST])
    return [Case(version, pick.choice(runs_on(version)), STATES, sharply=pick.random() < 0.5)]


def test_upgraded_studio_loses_nothing_and_sends_nothing_twice_nor_once_it_is_back(tmp_path: Path) -> None:
    for case in chosen(SEED):
        print(f"WANSTUDIO_UPGRADE_SEED={SEED}: {case}")  # noqa: T201 (it repeats this run)
        with drill(case, tmp_path, tmp_path / "trees") as made:
            if made is None:
                pytest.skip(SHALLOW.format(case.version))
            assert made.run() > 100


def test_choice_reaches_every_version_and_both_databases() -> None:
    found = {(case.version, case.database) for seed in range(200) for case in chosen(seed)}
    assert found == {(version, database) for version in COMMITS if version != FIRST for database in runs_on(version)}
