"""The bench on a studio of a few videos: its rows are as the product writes them, and each figure comes out."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import figures as results
from bench.__main__ import GROUPS, measure
from bench.figures import Figure
from bench.rig import Rig

VIDEOS = 240
# Those that need no studio of processes of their own; what these measure, e2e and proof assert.
MEASURED = ("pages", "polls", "search", "usage")


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    made = Rig(
        tmp_path_factory.mktemp("bench"), (VIDEOS, VIDEOS), runs=1, has_postgres=False, settings="tests.settings"
    )
    yield made
    made.close()


def test_seeded_rows_are_what_the_product_would_have_written(rig: Rig) -> None:
    inside = rig.inside(rig.small())
    assert inside.call("tests.ledger_check.disagreements") == []
    for pragma in ("foreign_key_check", "integrity_check"):
        assert inside.call("bench.inside.rows", f"PRAGMA {pragma}") in ([], [["ok"]])
    jobs = "SELECT team_id, state, count(*) FROM wanstudio_job GROUP BY team_id, state"
    counts = {(team, state): count for team, state, count in inside.call("bench.inside.rows", jobs)}
    assert counts[1, "done"] >= VIDEOS - 60
    assert counts[1, "running"] == 30
    assert counts[2, "done"]
    shown = inside.call("bench.inside.text", "/videos/")
    assert "Theirs" not in shown
    assert shown.count('class="tile') >= 60


def test_each_figure_comes_out(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    sections, failed = measure(rig, MEASURED)
    assert not failed, capsys.readouterr().out
    rows = {name: re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)[1:] for name, text in sections.items()}
    assert {"studio, small", "wall, large ÷ small", "wall, eight at once, large"} <= set(rows["pages"])
    assert {"bare view ÷ poll → 204, 50 jobs", "SQL of a poll → 204, 1 job"} <= set(rows["polls"])
    assert {"usage of all time", "ledger, CSV: more memory for the whole"} <= set(rows["usage"])
    assert {"the rarest word", "Arabic"} <= set(rows["search"])
    assert set(MEASURED) < set(GROUPS)


def test_a_group_is_written_in_place_of_what_it_measured_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "RESULTS", tmp_path / "RESULTS.md")

    def write(name: str, value: float) -> None:
        results.write({name: results.section(name, [Figure("it", "≤ 2", [9, value, 0], "ms")], (0.5, 9.0))})

    write("pages", 1)
    write("worker", 3)
    write("pages", 4)
    text = results.RESULTS.read_text()
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["pages", "worker"]
    assert re.findall(r"^\| it \|.*$", text, re.MULTILINE) == [
        "| it | ≤ 2 ms | 4 ms | **no** |  |  |",
        "| it | ≤ 2 ms | 3 ms | **no** |  |  |",
    ]
    assert text.count("9.0 after: busy") == 2
