"""The log of a whole studio, as its processes write it: no line that a stranger wrote, and JSON where JSON is set."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable

import pytest
import requests

from tests.e2e.person import Person
from tests.e2e.studio import ROOT, Studio, wait_until
from tests.servers import redis

Start = Callable[..., Studio]
RECORD = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ [\w.]+ ")
EVIL = "%0a2026-11-27%2004:30:00,123%20INFO%20wanstudio.money%20forged%0d%1b[2J%c2%85%e2%80%a8%e2%80%ae%ff"
RAW = b"\x1b]0;x\x07\x9b2J\xc2\x85\xe2\x80\xa8\xff"
EVIL_REQUESTS = [
    # Longer parts of an address that is none of ours are left out: they may be tokens.
    b"GET /a%0ab%1b[2J/%c2%85/%e2%80%a8x/%ff HTTP/1.1\r\nHost: 127.0.0.1",
    b"GET /%9b/\xe2\x80\xa8/%0d%0aINFO/ HTTP/1.1\r\nHost: 127.0.0.1",
    f"GET /{EVIL} HTTP/1.1\r\nHost: 127.0.0.1".encode(),
    f"GET /s/{EVIL}/?q={EVIL} HTTP/1.1\r\nHost: 127.0.0.1".encode(),
    f"GET /videos/?q={EVIL} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-ID: a%0ab".encode(),
    b"GET /" + RAW.replace(b"\x1b", b"") + b" HTTP/1.1\r\nHost: 127.0.0.1",
    b"GET / HTTP/1.1\r\nHost: evil\xc2\x85\xe2\x80\xa8\x9b",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-ID: \x9b\xff\r\nReferer: \x9b\xff\r\nUser-Agent: \xe2\x80\xa8",
    b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://\xe2\x80\xa8\x9b\r\nReferer: \x9b",
    b"\x1bEVIL / HTTP/1.1\r\nHost: 127.0.0.1",
    f"POST /hooks/apixo/1.{EVIL}/ HTTP/1.1\r\nHost: 127.0.0.1".encode(),
]


def said(studio: Studio, evil: bytes) -> None:
    with socket.create_connection(("127.0.0.1", studio.port), timeout=60) as line:
        line.sendall(evil + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        while line.recv(65536):
            pass


@pytest.mark.parametrize("form", ["text", "json"])
def test_requests_cannot_write_lines(start_studio: Start, form: str) -> None:
    studio = start_studio(LOG_FORMAT=form, LOG_LEVEL="DEBUG")
    person = Person(studio)
    for evil in EVIL_REQUESTS:
        said(studio, evil)
    nasty = "a\u2028\x85\x1b[2J\r\n2026-11-27 04:30:00,123 INFO forged"
    for path in ("/accounts/login/", "/accounts/password/reset/", "/uploads/add/"):
        fields = {"login": nasty, "email": nasty, "password": nasty, "url": nasty, "kind": nasty}
        person.session.post(studio.url + path, data=fields, headers={"Referer": studio.url}, timeout=60)
    # A surprise with a message of a stranger's: its traceback is of many lines.
    requests.post(f"{studio.url}/accounts/login/", data={"login": nasty}, cookies={"wanstudio_csrf": "x"}, timeout=60)
    studio.stop()
    lines = studio.log.read_bytes().decode().removesuffix("\n").split("\n")
    # They were written about, and what they tried is to be seen.
    assert len([line for line in lines if re.search(r"\\+(x1b|u2028|x9b|x85)", line)]) >= 3
    bad = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
    assert [line for line in lines if bad.search(line)] == []
    if form == "text":
        # What `run` says first is for who sits before it.
        begun = next(at for at, line in enumerate(lines) if RECORD.match(line))
        assert [line for line in lines[begun:] if not RECORD.match(line) and not line.startswith("  ")] == []
        assert [line for line in lines if RECORD.match(line) and line.split()[3] == "wanstudio.money"] == []
    else:
        assert [line for line in lines if not isinstance(json.loads(line), dict)] == []


def test_every_line_of_every_process_is_json(start_studio: Start) -> None:
    """With a broker, a worker that is killed, one that ends in order, and refusals of a second studio."""
    with redis() as broker:
        studio = start_studio(LOG_FORMAT="json", BROKER_URL=broker.url)
        job = Person(studio).make_sample()
        wait_until(lambda: studio.rows("SELECT state FROM wanstudio_job WHERE id = ?", job) == [("done",)], "Ready", 90)
        studio.kill("worker")
        os.kill(studio.pid("beat"), signal.SIGTERM)
        wait_until(lambda: studio.said().count("beat started, process") >= 2, "beat is back")
        taken = studio.command("run")
        unset = studio.command("run", PORT="99999")
        prepared = studio.command("prepare")
        studio.stop()
    assert "cannot be used" in taken.stderr
    assert "cannot start" in unset.stderr
    assert (prepared.returncode, taken.returncode, unset.returncode) == (0, 1, 1)
    texts = [studio.said(), taken.stdout, taken.stderr, unset.stdout, unset.stderr, prepared.stdout, prepared.stderr]
    lines = [line for text in texts for line in text.splitlines()]
    assert [line for line in lines if not line.startswith("{") or not json.loads(line)["message"]] == []


def test_what_nobody_caught_is_json() -> None:
    code = (
        "import threading, warnings; from wanstudio.operations import logs; import django; django.setup();"
        "logs.write_all_as_records(); warnings.warn('old'); print('said');"
        "thread = threading.Thread(target=lambda: 1 / 0); thread.start(); thread.join(); raise ValueError('a\\nb')"
    )
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "LOG_FORMAT": "json", "WANSTUDIO_ENV_FILE": "", "WANSTUDIO_DATA": folder}
        env |= {"DJANGO_SETTINGS_MODULE": "wanstudio.settings"}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stdout) == (1, "")
    records = [json.loads(line) for line in done.stderr.splitlines()]
    assert [record["logger"] for record in records] == ["py.warnings", "stdout", "wanstudio", "wanstudio"]
    assert ["ZeroDivisionError" in records[2]["exc_info"], "a\n  b" in records[3]["exc_info"]] == [True, True]
