"""`HOST` set to one address of the machine, or to all: the greeting's address opens, and the first job comes back."""

import re
import socket
from pathlib import Path

import pytest
import requests

from tests.e2e.person import Person
from tests.e2e.studio import Studio, wait_until
from tests.e2e.template import template


def lan_address() -> str:
    """The machine's own in its network; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        try:
            line.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine is in no network")
        return str(line.getsockname()[0])


@pytest.mark.parametrize("host", ["::1", "[::1]", "127.0.0.2", "LAN", "0.0.0.0", "::"])
def test_first_job_works_at_the_address_that_is_greeted_with(host: str, tmp_path: Path, templates: Path) -> None:
    host = lan_address() if host == "LAN" else host
    studio = Studio(tmp_path / "data", template(templates, owner=True), HOST=host, LOG_LEVEL="INFO")
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host.strip('[]')}]" if ":" in host else host
    studio.url = f"http://{shown}:{studio.port}"
    try:
        studio.start()
        greeted = re.findall(r"Wan Studio is at (\S+)", studio.said())
        assert greeted == [studio.url]
        assert requests.get(f"{greeted[0]}/healthz", timeout=60).text == "ok"
        if host == "::":
            assert requests.get(f"http://[::1]:{studio.port}/healthz", timeout=60).text == "ok"
        job = Person(studio).make_sample()
        wait_until(lambda: studio.rows("SELECT state FROM wanstudio_job WHERE id = ?", job) == [("done",)], "Ready", 90)
        assert studio.rows("SELECT callback FROM wanstudio_job WHERE id = ?", job) == [(1,)]
        # A poll can be earlier.
        called = r"wanstudio\.jobs\.views\.job_decisions .*callback"
        wait_until(lambda: re.search(called, studio.said()), "it was called back")
    finally:
        studio.stop()
