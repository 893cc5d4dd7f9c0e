"""Reports of errors: what a Sentry gets, taken from the wire, and what an address that does not answer costs."""

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from typing import Any

import brotli
import pytest

from tests.e2e.studio import ROOT

PLANTED = {
    "API key": "sk-0123456789abcdef",
    "session": "session-0123456789",
    "CSRF token": "csrf-0123456789",
    "password": "correct-horse-battery",
    "callback token": "17.callback-0123456789",
    "share token": "share-0123456789",
    "email": "ines.planted@example.com",
    "prompt": "a cat in a red coat",
    "presigned link": "X-Amz-Signature=0123456789",
    "token of the API": "wst_0123456789",
}
# Raised where a request is answered and where the worker works; each secret is in a variable, a text and a log line.
FAILS = f"""
import logging, threading
import django
django.setup()
from django.http import HttpRequest
from django.test import Client, override_settings
from django.urls import path
planted = {PLANTED!r}
log = logging.getLogger("wanstudio.jobs.steps.submission")

def view(request, token=""):
    secret, body = dict(planted), request.body
    raise RuntimeError(" ".join(planted.values()))

class Routes:
    urlpatterns = [path("s/<str:token>/", view)]

def ask():
    client = Client(raise_request_exception=False)
    client.cookies["wanstudio_session"], client.cookies["wanstudio_csrf"] = planted["session"], planted["CSRF token"]
    form = {{"password": planted["password"], "prompt": planted["prompt"]}}
    address = "/s/" + planted["share token"] + "/?" + planted["presigned link"]
    headers = {{"Authorization": "Bearer " + planted["token of the API"], "X-Request-ID": "request-of-the-test"}}
    with override_settings(ROOT_URLCONF=Routes, MIDDLEWARE=["wanstudio.web.middleware.RequestLog"]):
        client.post(address, form, headers=headers)

def work():
    callback, api_key = planted["callback token"], planted["API key"]
    try:
        raise ValueError("%s and %s for %s" % (callback, api_key, planted["email"]))
    except ValueError:
        log.exception("job %s failed for %s", planted["prompt"], planted["email"])
    log.error("no exception, but %s", api_key)
    logging.getLogger("library").error(f"a library wrote {{api_key}}")
    # As Django does: the text of a SuspiciousOperation.
    logging.getLogger("django.security.SuspiciousFileOperation").error("in " + planted["presigned link"])

ask()
work()
thread = threading.Thread(target=lambda: 1 / len(planted["email"][:0]), daemon=True)
thread.start()
thread.join()
import sentry_sdk
if sentry_sdk.get_client().is_active():
    sentry_sdk.flush(100)
"""


class Sentry:
    """What takes the envelopes; `events` are those that it was sent."""

    def __init__(self) -> None:
        sentry = self
        self.bodies: list[bytes] = []
        self.heads: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: object) -> None:
                pass

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                unpack = {"gzip": gzip.decompress, "br": brotli.decompress}.get(
                    self.headers.get("Content-Encoding", "")
                )
                sentry.heads.append(str(self.headers))
                sentry.bodies.append(unpack(body) if unpack else body)
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.dsn = f"http://public@127.0.0.1:{self.server.server_port}/1"

    @property
    def events(self) -> list[dict[str, Any]]:
        lines = [json.loads(line) for body in list(self.bodies) for line in body.splitlines() if line]
        return [line for line in lines if "platform" in line]


@pytest.fixture
def sentry() -> Iterator[Sentry]:
    taking = Sentry()
    thread = threading.Thread(target=taking.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield taking
    taking.server.shutdown()
    taking.server.server_close()


def run(data: Path, code: str, **env: str) -> subprocess.CompletedProcess[str]:
    own = {"DJANGO_SETTINGS_MODULE": "wanstudio.settings", "WANSTUDIO_DATA": str(data), "WANSTUDIO_ENV_FILE": ""}
    own |= {"WANSTUDIO_ALLOWED_HOSTS": "testserver"}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **own, **env}, capture_output=True, text=True, timeout=200, check=False
    )


def test_report_says_where_and_nothing_of_what_it_was_about(sentry: Sentry, tmp_path: Path) -> None:
    done = run(tmp_path, FAILS, SENTRY_DSN=sentry.dsn, DJANGO_SETTINGS_MODULE="tests.settings")
    assert done.returncode == 0, done.stderr
    sent = b"\n".join([*sentry.bodies, *(head.encode() for head in sentry.heads)]).decode()
    assert [name for name, secret in PLANTED.items() if secret in sent] == []
    raised = [one for event in sentry.events for one in event.get("exception", {}).get("values", [])]
    assert sorted(one["type"] for one in raised) == ["RuntimeError", "ValueError", "ZeroDivisionError"]
    for one in raised:
        frame = one["stacktrace"]["frames"][-1]
        assert frame["function"] in ("view", "work", "<lambda>")
        assert "vars" not in frame
    assert {event["logentry"]["message"] for event in sentry.events if "logentry" in event} >= {
        "job %s failed for %s",
        "no exception, but %s",
    }
    for event in sentry.events:
        assert event.keys() & {"request", "user", "extra", "breadcrumbs", "server_name", "modules", "contexts"} == set()
    # The log has the rest: the report names the request there.
    assert "request-of-the-test" in {event["tags"].get("request") for event in sentry.events}
    assert "request-of-the-test" in done.stderr


def test_nothing_is_loaded_without_the_setting(tmp_path: Path) -> None:
    code = (
        "import django, sys\ndjango.setup()\nprint([one for one in sys.modules if one.startswith(('sentry', 'prom'))])"
    )
    assert run(tmp_path, code).stdout.strip() == "[]"


def test_host_that_does_not_answer_holds_up_no_work(tmp_path: Path) -> None:
    with closing(socket()) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        dsn = f"http://public@127.0.0.1:{silent.getsockname()[1]}/1"
        code = """
import logging, time, django
django.setup()
log = logging.getLogger("wanstudio.jobs")
log.error("first")
began = time.monotonic()
for number in range(500):
    log.error("number %s", number)
import sentry_sdk
print(time.monotonic() - began < 60, sentry_sdk.get_client().options["shutdown_timeout"])
"""
        # Each line, and the end, would wait for the host for half a minute.
        done = run(tmp_path, code, SENTRY_DSN=dsn)
        assert (done.returncode, done.stdout.split()) == (0, ["True", "2.0"]), done.stderr


@pytest.mark.parametrize(
    "dsn", ["nonsense", "https://errors.example.com/1", "https://key@errors.example.com/", "ftp://k@h/1"]
)
def test_address_that_is_none_is_refused_in_a_sentence(tmp_path: Path, dsn: str) -> None:
    refused = run(tmp_path, "import wanstudio.settings", SENTRY_DSN=dsn)
    assert refused.returncode == 1
    assert "SENTRY_DSN" in refused.stderr.splitlines()[-1]
