"""The contract of the reference page: every violation is refused with its own reason."""

import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.media.servers import FileServer
from tests.provider.sandbox.caller import Caller
from tests.provider.sandbox.conftest import running_sandbox, serving_files
from wanstudio.provider.apixo.description import WAN_2_2_ANIMATE
from wanstudio.provider.sandbox.sandbox_server import Sandbox

VIOLATIONS: list[tuple[dict[str, Any], str]] = [
    ({"mode": "pro"}, "input.mode"),
    ({"mode": None}, "Missing required field input.mode"),
    ({"type": "dance"}, "animate or replace"),
    ({"type": None}, "Missing required field input.type"),
    ({"image_urls": []}, "input.image_urls: provide exactly 1"),
    ({"image_urls": ["http://a.example/1.png", "http://a.example/2.png"]}, "input.image_urls: provide exactly 1"),
    ({"image_urls": "http://a.example/1.png"}, "input.image_urls: provide exactly 1"),
    ({"image_urls": [7]}, "input.image_urls[0]"),
    ({"image_urls": ["ftp://a.example/1.png"]}, "input.image_urls[0]"),
    ({"image_urls": None}, "Missing required field input.image_urls"),
    ({"video_urls": []}, "input.video_urls: provide exactly 1"),
    ({"video_urls": ["http://a.example/1.mp4"] * 2}, "input.video_urls: provide exactly 1"),
    ({"video_urls": ["file:///etc/passwd"]}, "input.video_urls[0]"),
    ({"resolution": "1080p"}, " or ".join(WAN_2_2_ANIMATE.resolution_names)),
    ({"resolution": None}, "Missing required field input.resolution"),
    ({"seed": -2}, "input.seed"),
    ({"seed": 2147483648}, "input.seed"),
    ({"seed": "7"}, "input.seed"),
    ({"seed": 7.0}, "input.seed"),
    ({"seed": True}, "input.seed"),
    ({"prompt": ""}, "input.prompt"),
    ({"prompt": "  "}, "input.prompt"),
    ({"prompt": ["a"]}, "input.prompt"),
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, short_clip: bytes) -> Iterator[FileServer]:
    with serving_files(tmp_path_factory.mktemp("contract") / "files", short_clip) as server:
        yield server


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory, files: FileServer) -> Iterator[Sandbox]:
    """One for all tests here: none of them minds what another left behind."""
    with running_sandbox(tmp_path_factory.mktemp("contract") / "data", files) as running:
        yield running


def assert_refused(answer: requests.Response, code: int, reason: str) -> None:
    assert answer.status_code == code
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["code"] == code
    assert reason in answer.json()["message"]


@pytest.mark.parametrize(("changes", "reason"), VIOLATIONS)
def test_invalid_input_is_refused_with_its_reason(caller: Caller, changes: dict[str, Any], reason: str) -> None:
    assert_refused(caller.post(caller.body(**changes)), 400, reason)


@pytest.mark.parametrize("seed", [-1, 0, 2147483647])
def test_documented_seeds_are_accepted(caller: Caller, seed: int) -> None:
    assert caller.submit(seed=seed)


def test_seed_and_prompt_are_optional(caller: Caller) -> None:
    assert caller.submit(seed=None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"request_type": "webhook"}, "request_type"),
        ({"request_type": "callback"}, "Missing required field callback_url"),
        ({"request_type": "callback", "callback_url": "http://example.com/hook"}, "Invalid callback_url"),
        ({"request_type": "callback", "callback_url": "nonsense"}, "Invalid callback_url"),
        ({"request_type": "callback", "callback_url": 7}, "Invalid callback_url"),
        ({"input": None}, "Missing required field input"),
        ({"input": []}, "Invalid input"),
    ],
)
def test_invalid_request_is_refused_with_its_reason(caller: Caller, changes: dict[str, Any], reason: str) -> None:
    assert_refused(caller.post({**caller.body(), **changes}), 400, reason)


@pytest.mark.parametrize("url", ["https://example.com/hook", "http://localhost:9/hook", "http://[::1]:9/hook"])
def test_callback_urls_on_https_and_loopback_are_accepted(caller: Caller, url: str) -> None:
    assert caller.post({**caller.body(), "request_type": "callback", "callback_url": url}).status_code == 200


@pytest.mark.parametrize("raw", [b"", b"{", b"[1]", b'"text"', b"\xff\xfe", b"[" * 100_000, b"null"])
def test_body_that_is_no_json_object_is_refused(caller: Caller, raw: bytes) -> None:
    url = f"{caller.base_url}/generateTask/wan-2-2-animate"
    headers = {**caller.headers, "Content-Type": "application/json"}
    assert_refused(requests.post(url, raw, headers=headers, timeout=60), 400, "Invalid request body")


def test_missing_content_type_is_refused(caller: Caller) -> None:
    url = f"{caller.base_url}/generateTask/wan-2-2-animate"
    assert_refused(requests.post(url, "{}", headers=caller.headers, timeout=60), 400, "Content-Type")


def test_body_over_one_mebibyte_is_refused(caller: Caller) -> None:
    assert_refused(caller.post({"input": "x" * 1_100_000}), 400, "larger than 1 MiB")


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "sandbox", "Basic sandbox"])
def test_calls_without_the_key_are_refused(caller: Caller, authorization: str) -> None:
    caller.headers = {"Authorization": authorization}
    assert_refused(caller.post(caller.body()), 401, "Invalid or missing API key")
    assert_refused(caller.poll("task_1"), 401, "Invalid or missing API key")
    assert_refused(caller.get("/apikeys/current-balance"), 401, "Invalid or missing API key")


def test_unknown_models_tasks_and_routes_are_refused(caller: Caller, sandbox: Sandbox) -> None:
    assert_refused(caller.post(caller.body(), model="wan-9"), 404, "No such model")
    assert_refused(caller.poll("task_0123456789abcdef"), 404, "Task not found")
    assert_refused(caller.get("/statusTask/wan-2-2-animate"), 404, "Task not found")
    assert_refused(caller.get("/nothing"), 404, "No such model or route")
    assert_refused(requests.get(sandbox.origin + "/", timeout=60), 404, "No such route")
    assert_refused(
        requests.get(sandbox.origin + "/results/task_0123456789abcdef-0.mp4", timeout=60), 404, "No such file"
    )
    assert_refused(requests.put(sandbox.base_url, timeout=60), 405, "Method not allowed")


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET\r\n\r\n",
        b"POST /api/v1/generateTask/wan-2-2-animate HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/v1/generateTask/wan-2-2-animate HTTP/1.1\r\nContent-Length: 500\r\n\r\n{",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /results/..%2f..%2fsandbox.sqlite3 HTTP/1.1\r\n\r\n",
    ],
)
def test_garbage_prints_no_traceback(
    caller: Caller, sandbox: Sandbox, raw: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    port = int(sandbox.origin.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(65536)
    assert caller.get("/apikeys/current-balance").status_code == 200
    assert "Traceback" not in capfd.readouterr().err


def test_only_loopback_is_bound(sandbox: Sandbox) -> None:
    assert urlsplit(sandbox.base_url).hostname == "127.0.0.1"
    with socket.socket() as elsewhere:
        # Another address of this machine, free although the sandbox has this port: so it does not bind them all.
        elsewhere.bind(("127.0.0.2", urlsplit(sandbox.base_url).port))
