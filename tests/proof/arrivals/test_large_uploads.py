"""500 MB over bad lines, on a studio that is killed twice: all of it arrives, little is sent again, memory stays."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bad_lines import MB, bad_line, drill
from tests.e2e.studio import Studio
from tests.servers import nginx

SIZE = 500 * MB


@pytest.mark.parametrize(
    "limits", [{"largest_body": MB}, {"largest_body": 100 * MB, "cut_after": 7 * MB}], ids=["1 MB", "cut after 7 MB"]
)
def test_it_arrives(start_studio: Callable[..., Studio], tmp_path: Path, limits: dict[str, int]) -> None:
    studio = start_studio()
    with bad_line(studio, **limits) as line:
        drill(studio, line, SIZE, tmp_path)
        assert (line.cuts > 50) == ("cut_after" in limits)


def test_it_arrives_through_nginx_as_it_comes(start_studio: Callable[..., Studio], tmp_path: Path) -> None:
    studio = start_studio()
    with nginx(f"127.0.0.1:{studio.port}", "client_max_body_size 1m;") as proxy, bad_line(studio) as line:
        line.upstream = int(proxy.url.rpartition(":")[2])
        drill(studio, line, SIZE, tmp_path)
