"""Uploads over bad lines, on a studio of processes that is killed twice. tests/proof/arrivals has the large ones."""

from collections.abc import Callable
from pathlib import Path

from tests.bad_lines import MB, bad_line, drill
from tests.e2e.studio import Studio

Start = Callable[..., Studio]
SIZE = 30 * MB


def test_every_connection_is_cut_within_a_piece(start_studio: Start, tmp_path: Path) -> None:
    studio = start_studio()
    with bad_line(studio, cut_after=5 * MB) as line:
        drill(studio, line, SIZE, tmp_path)
        assert line.cuts >= 3
