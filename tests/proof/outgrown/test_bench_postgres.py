"""The bench on PostgreSQL: the seeded rows add up there, too, new ones come after them, and a page is measured."""

from pathlib import Path

from bench.groups.pages import clock, named, pages
from bench.rig import Rig


def test_a_seeded_postgresql_adds_up(tmp_path: Path) -> None:
    rig = Rig(tmp_path, runs=1, settings="tests.settings")
    try:
        studio = rig.seeded(120, postgres=True)
        inside = rig.inside(studio)
        assert inside.call("tests.ledger_check.disagreements") == []
        newest, following = inside.call(
            "bench.inside.rows",
            "SELECT max(id), nextval(pg_get_serial_sequence('wanstudio_job', 'id')) FROM wanstudio_job",
        )[0]
        assert following > newest >= 120
        assert clock(inside, pages(named(studio, inside))["wall"], "elapsed")() > 0
    finally:
        rig.close()
