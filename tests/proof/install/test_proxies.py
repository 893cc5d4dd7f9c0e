"""nginx and Caddy in front of the studio, by their examples: only names, ports, folders and certificates differ.

The certificate is of an authority of the test's own, which the studio knows like that of an intranet: the sandbox
calls back through the proxy, over https. `LOAD=large` sends the whole 300 MB by the form, too.
"""

import os
import re
import shutil
import socket
import ssl
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser, expect

from tests.bad_lines import MB, PIECE, Sender, large_clip
from tests.e2e.person import MIRA, Person, value_of
from tests.e2e.studio import Studio, wait_until
from tests.e2e.template import EMAIL, PASSWORD, template
from tests.proof.install import certificates, first_video
from tests.proof.server.test_proxies import From
from tests.servers import Certificate, Server, example_caddy, example_nginx, free_port

PIECES = 300 * MB
FORM = (300 if os.environ.get("LOAD") == "large" else 60) * MB
# Of the proxy's processes together, whatever goes through them.
HELD = 64 * MB
GUESSES = 7
# Of a piece, before its line breaks.
SENT = 40 * MB


class Visitor(Person):
    """Ben, without a browser, through the proxy; a form over https names the page that it is on."""

    def __init__(self, studio: Studio) -> None:
        self.studio, self.session = studio, requests.Session()
        self.session.headers["Referer"] = f"{studio.url}/"
        self._sample = {}

    def sign_in(self, email: str = EMAIL, password: str = PASSWORD) -> requests.Response:
        return self._post("/accounts/login/", self.get("/accounts/login/").text, login=email, password=password)


@pytest.fixture(scope="module")
def tls() -> Iterator[tuple[Certificate, Path, str]]:
    folder = Path(tempfile.mkdtemp(prefix="wanstudio-tls-"))
    before = os.environ.get("REQUESTS_CA_BUNDLE")
    made = certificates.make(folder)
    os.environ["REQUESTS_CA_BUNDLE"] = str(made[1])
    yield made
    os.environ.pop("REQUESTS_CA_BUNDLE")
    os.environ.update({"REQUESTS_CA_BUNDLE": before} if before else {})
    shutil.rmtree(folder)


def in_front(kind: str, tls: Certificate, own: int, port: int, data: Path) -> AbstractContextManager[Server]:
    if kind == "Caddy":
        return example_caddy(port, tls, own)
    return example_nginx(port, data, "nobody root" if os.geteuid() == 0 else "", tls, own)


@pytest.fixture(scope="module", params=["nginx", "Caddy"])
def behind(
    request: pytest.FixtureRequest, templates: Path, tls: tuple[Certificate, Path, str]
) -> Iterator[tuple[Studio, Server]]:
    folder, own = Path(tempfile.mkdtemp(prefix="wanstudio-proxied-")), free_port()
    # Else no other account reaches the data folder.
    folder.chmod(0o711)
    settings = {"WANSTUDIO_URL": f"https://localhost:{own}", "WANSTUDIO_TRUSTED_PROXIES": "127.0.0.1"}
    settings |= {"SSL_CERT_FILE": str(tls[1])}
    settings |= {"WANSTUDIO_ACCEL": "/media/"} if request.param == "nginx" else {}
    studio = Studio(folder / "data", template(templates, owner=True), **settings)
    shutil.copytree(template(templates, owner=True), studio.data, symlinks=True)
    studio.manage("prepare")
    studio.start()
    try:
        with in_front(request.param, tls[0], own, studio.port, studio.data) as proxy:
            studio.url = settings["WANSTUDIO_URL"]
            yield studio, proxy
    finally:
        studio.end()
        shutil.rmtree(folder)


@pytest.fixture
def visitor(behind: tuple[Studio, Server]) -> Visitor:
    made = Visitor(behind[0])
    made.sign_in()
    return made


def test_large_files_go_both_ways_and_stay_in_no_proxy(
    behind: tuple[Studio, Server], visitor: Visitor, tmp_path: Path
) -> None:
    studio, proxy = behind
    before = held(proxy)
    clip = tmp_path / "large.mp4"
    large_clip(clip, PIECES)
    upload = Sender(visitor, studio.url).send(clip)
    assert held(proxy) - before <= HELD
    assert on_disk(proxy) < MB
    clip.unlink()
    large_clip(clip, FORM)
    page = visitor.get("/").text
    answer = visitor._send(page, {"character_file": MIRA, "motion_file": clip})
    sizes = {size for (size,) in studio.rows("SELECT size_bytes FROM wanstudio_source")}
    assert sizes >= {PIECES, FORM}, answer.status_code
    assert held(proxy) - before <= HELD
    download(studio, proxy, visitor, f"/uploads/{upload}/file?download")
    assert held(proxy) - before <= HELD


def download(studio: Studio, proxy: Server, visitor: Visitor, path: str) -> None:
    """Its first bytes come while its reader holds the rest back, and the rest waits in no process and no file."""
    with visitor.session.get(studio.url + path, stream=True, timeout=60) as answer:
        size = int(answer.headers["Content-Length"])
        assert size > PIECES * 0.9
        pieces = answer.iter_content(256 * 1024)
        read = len(next(pieces))
        assert on_disk(proxy) < MB
        read += sum(len(piece) for piece in pieces)
    assert read == size


def held(proxy: Server) -> int:
    """What the proxy's processes hold of their own, in bytes."""
    assert proxy.process
    pids, total = [proxy.process.pid], 0
    for pid in pids:
        # The one that loads nginx's cache ends when it has.
        with suppress(FileNotFoundError, ProcessLookupError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                pids += map(int, (task / "children").read_text().split())
            found = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
            total += int(found[1]) * 1024 if found else 0
    return total


def on_disk(proxy: Server) -> int:
    total = 0
    for path in proxy.folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += path.stat().st_size if path.is_file() else 0
    return total


def test_ranges_and_headers_are_the_studios(behind: tuple[Studio, Server], visitor: Visitor) -> None:
    studio = behind[0]
    job = visitor.make_sample()
    sql = "SELECT v.id, v.file FROM wanstudio_video v JOIN wanstudio_job j ON j.id = v.job_id "
    sql += "WHERE j.id = ? AND j.state = 'done'"
    ((video, file),) = wait_until(lambda: studio.rows(sql, job), "the video is there", 120)
    whole, path = (studio.data / "media" / file).read_bytes(), f"/videos/{video}/file"
    for asked, expected in (("bytes=0-0", whole[:1]), ("bytes=-7", whole[-7:]), ("bytes=9-99", whole[9:100])):
        answer = visitor.get(path, Range=asked)
        assert (answer.status_code, answer.content) == (206, expected)
        assert answer.headers["Content-Range"].endswith(f"/{len(whole)}")
    assert visitor.get(path, Range=f"bytes={len(whole)}-").status_code == 416
    for page in ("/", path, f"/videos/{video}/poster", "/healthz"):
        answer = visitor.get(page)
        assert answer.status_code == 200, page
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000", page
        assert answer.headers["X-Wan-Studio"] == "1", page
    assert requests.get(studio.url + path, timeout=60, allow_redirects=False).status_code in (302, 404)


def test_address_of_a_client_is_its_own_whatever_it_says(behind: tuple[Studio, Server]) -> None:
    answers = []
    for number in range(GUESSES):
        guest = Visitor(behind[0])
        # From an address that is no proxy: what a trusted one says is believed.
        guest.session.mount("https://", From("127.0.1.9"))
        guest.session.headers["X-Forwarded-For"] = f"9.9.9.{number}"
        guest.session.headers["X_Forwarded_For"] = f"9.9.8.{number}"
        guest.session.headers["X-Forwarded-Proto"] = "http"
        answers.append(guest.sign_in("dana@northlight.example", "wrong-password").text)
    assert ["Too many failed" in answer for answer in answers] == [False] * 5 + [True] * 2


class Echo(BaseHTTPRequestHandler):
    """Answers with the headers that arrive."""

    def do_GET(self) -> None:
        body = str(self.headers).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.mark.parametrize("kind", ["nginx", "Caddy"])
def test_names_with_an_underscore_end_at_the_proxy(
    kind: str, tls: tuple[Certificate, Path, str], tmp_path: Path
) -> None:
    server, own = HTTPServer(("127.0.0.1", 0), Echo), free_port()
    Thread(target=server.serve_forever, daemon=True).start()
    said = {"X_Forwarded_For": "9.9.9.9", "X-Forwarded_Proto": "http", "X-Plain": "kept", "X-Forwarded-Proto": "http"}
    try:
        with in_front(kind, tls[0], own, server.server_port, tmp_path):
            heard = requests.get(f"https://localhost:{own}/", headers=said, timeout=60).text
    finally:
        server.shutdown()
        server.server_close()
    names = {line.partition(":")[0] for line in heard.splitlines() if line}
    assert {name for name in names if "_" in name} == set()
    assert "X-Plain: kept" in heard
    assert "X-Forwarded-Proto: https" in heard
    assert f"Host: localhost:{own}" in heard


def test_piece_whose_line_breaks_is_kept_as_far_as_it_came(
    behind: tuple[Studio, Server], visitor: Visitor, tls: tuple[Certificate, Path, str]
) -> None:
    """A proxy that received it whole before it passes it on would lose all of it."""
    studio, session = behind[0], visitor.session
    page = visitor.get("/").text
    headers = {"Tus-Resumable": "1.0.0", "X-CSRFToken": value_of(page, "csrfmiddlewaretoken")}
    said = {"filename": "cut.mp4", "kind": "motion", "team": value_of(page, "team")}
    metadata = ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in said.items())
    asked = {**headers, "Upload-Length": str(49 * MB), "Upload-Metadata": metadata, "HX-Request": "true"}
    made = session.post(f"{studio.url}/uploads/parts/", headers=asked, timeout=60)
    assert made.status_code == 201, made.text
    path = made.headers["Location"]
    headers |= {"Upload-Offset": "0", "Content-Type": PIECE, "Content-Length": str(48 * MB)}
    headers |= {"Referer": studio.url, "Host": urlsplit(studio.url).netloc}
    headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in session.cookies.items())
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection(("127.0.0.1", urlsplit(studio.url).port or 0)) as line:
        trust = ssl.create_default_context(cafile=str(tls[1]))
        with trust.wrap_socket(line, server_hostname="localhost") as safe:
            # More than sockets hold: most of it has reached the studio when the last byte is sent.
            safe.sendall(f"PATCH {path} HTTP/1.1\r\n{head}\r\n".encode() + bytes(SENT))

    def kept() -> int:
        answer = session.head(studio.url + path, headers={"Tus-Resumable": "1.0.0"}, timeout=60)
        return int(answer.headers.get("Upload-Offset", 0))

    assert 0 < wait_until(kept, "what came of the piece") <= SENT


def test_passkey_and_first_video_over_https(
    behind: tuple[Studio, Server],
    launch_browser: Callable[..., Browser],
    browser_type_launch_args: dict[str, Any],
    tls: tuple[Certificate, Path, str],
) -> None:
    studio = behind[0]
    browser = launch_browser(args=[*browser_type_launch_args["args"], tls[2]])
    page = browser.new_page()
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    options |= {"hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    first_video.sign_in(page, studio.url)
    assert {cookie["name"] for cookie in page.context.cookies() if cookie["secure"]} >= {"__Host-session"}
    page.goto(f"{studio.url}/account/")
    page.get_by_role("link", name="Add a passkey").click()
    first_video.confirm_password(page)
    page.get_by_label("Sign in with it without the password").check()
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.context.clear_cookies()
    page.goto(f"{studio.url}/accounts/login/")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"{studio.url}/")
    first_video.order_sample(page)
    first_video.watch_it_play(page)
    browser.close()
    # For the tests that come after it, the owner signs in by the password alone again.
    studio.python("from allauth.mfa.models import Authenticator\nAuthenticator.objects.all().delete()")
    # The sandbox has fetched the inputs and called back at the address that people open.
    wait_until(lambda: re.search(r"callback task=\S+ try=1 delivered=True", studio.said()), "the callback arrived")
