"""A laptop as the pages say: `make run` in a checkout, and nothing else; then the first video."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser

from tests.docs_commands import commands
from tests.e2e.studio import wait_until
from tests.proof.install import first_video
from tests.proof.install.checkout import PYTHON, checkout, download
from tests.servers import free_port

FIRST_VIDEO_WITHIN_S = 120


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """`laptop(command)`: runs it in a checkout, on free ports, until the studio answers; its address."""
    tree, port = checkout(tmp_path / "wan-studio"), free_port()
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHON": PYTHON, "LANG": "C.UTF-8"}
    env |= {"PORT": str(port), "SANDBOX_PORT": str(free_port()), **download(tmp_path / "packages")}
    made: list[subprocess.Popen[bytes]] = []

    def start(command: str) -> str:
        with (tmp_path / "log").open("wb") as log:
            made.append(
                subprocess.Popen(
                    ["sh", "-c", command], cwd=tree, env=env, stdout=log, stderr=log, start_new_session=True
                )
            )

        def is_up() -> bool:
            assert made[0].poll() is None, (tmp_path / "log").read_text()
            try:
                return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=20).status_code == 200
            except requests.RequestException:
                return False

        wait_until(is_up, "the studio answers", FIRST_VIDEO_WITHIN_S * 5)
        return f"http://127.0.0.1:{port}"

    yield start
    for each in made:
        # Ctrl-C, as the page says.
        os.killpg(each.pid, signal.SIGINT)
        assert each.wait(60) == 0 or each.returncode == -signal.SIGINT or each.returncode == 130, each.returncode


def test_one_command_leads_to_the_first_video(laptop: Callable[[str], str], browser: Browser) -> None:
    (command,) = commands("docs/install.md", "On a laptop")
    assert commands("README.md", "Start") == [command]
    began = time.monotonic()
    page = browser.new_page()
    first_video.make_owner(page, laptop(command))
    first_video.order_sample(page)
    first_video.watch_it_play(page)
    took = time.monotonic() - began
    sys.stdout.write(f"First video on a laptop, without downloads: {took:.0f} s; the goal: {FIRST_VIDEO_WITHIN_S} s\n")
    page.close()
