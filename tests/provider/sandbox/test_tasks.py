"""The life of a task: states, times, money, failures, and the result as a CDN would hand it out."""

import sqlite3
import threading
import time
from pathlib import Path

import pytest
import requests
from PIL import Image

from tests.media.clips import clip
from tests.media.servers import FileServer
from tests.provider.sandbox.caller import Caller
from tests.provider.sandbox.conftest import nothing_begins, running_sandbox
from wanstudio.media.fetch import Fetcher
from wanstudio.provider.sandbox import task_runner
from wanstudio.provider.sandbox.sandbox_server import Sandbox
from wanstudio.provider.sandbox.task_inputs import price_cents
from wanstudio.provider.sandbox.task_runner import Options


def test_task_goes_from_pending_to_success(caller: Caller, sandbox: Sandbox, files: FileServer) -> None:
    fetched = threading.Event()
    with nothing_begins(sandbox):
        task_id = caller.submit(prompt="walk on [slow:0.5]")
        files.before = lambda path: fetched.wait(60)
        pending = caller.status(task_id)
        assert (pending["taskId"], pending["state"]) == (task_id, "pending")
    processing = caller.reached(task_id, "processing", "success", "failed")
    assert processing["state"] == "processing"
    for unfinished in (pending, processing):
        assert "completeTime" not in unfinished
        assert "resultJson" not in unfinished
    fetched.set()
    data = caller.finished(task_id)
    assert data["state"] == "success"
    assert data["createTime"] == pending["createTime"] > 1_700_000_000_000
    assert data["costTime"] == pytest.approx(data["completeTime"] - data["createTime"], abs=1)
    assert data["costTime"] >= 500
    [url] = caller.results(data)
    answer = requests.get(url, timeout=60)
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.content[4:8] == b"ftyp"


def test_price_is_taken_on_success_only(caller: Caller) -> None:
    failing = caller.submit(resolution="720p", prompt="[fail:NSFW]")
    made = caller.submit(resolution="720p")
    assert caller.finished(failing)["state"] == "failed"
    assert caller.finished(made)["state"] == "success"
    assert caller.balance() == 99.6


@pytest.mark.parametrize(
    ("duration", "resolution", "cents"),
    [
        (0.5, "480p", 20),
        (5, "720p", 40),
        (5.01, "480p", 20),
        (14.2, "720p", 114),
        (119.99, "480p", 480),
        (600, "720p", 960),
    ],
)
def test_price_follows_the_reference_page(duration: float, resolution: str, cents: int) -> None:
    assert price_cents(duration, resolution) == cents


def test_balance_that_does_not_cover_the_price_is_402(tmp_path: Path, files: FileServer) -> None:
    sandbox = Sandbox(0, tmp_path / "poor", Fetcher({files.host}), Options(balance_cents=50))
    sandbox.start()
    try:
        caller = Caller(sandbox.base_url, files)
        caller.submit(resolution="720p", prompt="[stuck]")
        answer = caller.post(caller.body(resolution="480p"))
        assert answer.status_code == answer.json()["code"] == 402
    finally:
        sandbox.stop()


def test_restart_tops_up_a_low_balance(tmp_path: Path, files: FileServer) -> None:
    for spent in (85, 30):
        sandbox = Sandbox(0, tmp_path, Fetcher(), Options())
        sandbox.start()
        assert Caller(sandbox.base_url, files).balance() == 100
        sandbox.stop()
        with sqlite3.connect(tmp_path / "sandbox.sqlite3") as db:
            db.execute("UPDATE account SET balance_cents = balance_cents - ?", (spent * 100,))
        db.close()
    sandbox = Sandbox(0, tmp_path, Fetcher(), Options())
    sandbox.start()
    assert Caller(sandbox.base_url, files).balance() == 70
    sandbox.stop()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("missing.png", None, "IMAGE_DOWNLOAD_FAILED"),
        ("page.png", b"<html>no</html>", "UNSUPPORTED_FORMAT"),
        ("big.png", b"\x89PNG\r\n\x1a\n" + bytes(10 * 1024 * 1024), "IMAGE_TOO_LARGE"),
    ],
)
def test_unusable_picture_fails_the_task_with_its_code(
    caller: Caller, files: FileServer, name: str, content: bytes | None, code: str
) -> None:
    if content is not None:
        (files.folder / name).write_bytes(content)
    data = caller.finished(caller.submit(image_urls=[files.url(name)]))
    assert (data["state"], data["failCode"]) == ("failed", code)
    assert data["failMsg"].endswith(".")
    assert "completeTime" in data
    assert "resultJson" not in data
    assert caller.balance() == 100


def test_gif_is_an_unsupported_format(caller: Caller, files: FileServer) -> None:
    Image.new("RGB", (300, 300)).save(files.folder / "picture.gif")
    data = caller.finished(caller.submit(image_urls=[files.url("picture.gif")]))
    assert data["failCode"] == "UNSUPPORTED_FORMAT"


def test_picture_on_a_private_address_fails_the_task(caller: Caller) -> None:
    data = caller.finished(caller.submit(image_urls=["http://127.0.0.1:9/mira.png"]))
    assert data["failCode"] == "INVALID_IMAGE_URL"


@pytest.mark.parametrize("name", ["missing.mp4", "page.mp4", "sound.mp4", "empty.mp4"])
def test_clip_that_cannot_be_probed_is_refused(caller: Caller, files: FileServer, name: str) -> None:
    (files.folder / "page.mp4").write_bytes(b"<!doctype html><title>Not a clip</title>")
    (files.folder / "sound.mp4").write_bytes(clip(1, video=False, audio=True))
    (files.folder / "empty.mp4").write_bytes(b"")
    answer = caller.post(caller.body(video_urls=[files.url(name)]))
    assert answer.status_code == 400
    assert "cannot be probed" in answer.json()["message"]


def test_clip_on_a_private_address_is_refused(caller: Caller) -> None:
    assert caller.post(caller.body(video_urls=["http://127.0.0.1:9/clip.mp4"])).status_code == 400


def test_clip_that_vanishes_after_the_submit_fails_the_task(
    caller: Caller, sandbox: Sandbox, files: FileServer
) -> None:
    with nothing_begins(sandbox):
        task_id = caller.submit()
        (files.folder / "clip.mp4").unlink()
    data = caller.finished(task_id)
    assert data["failCode"] == "GENERATION_FAILED"
    assert "Video URL cannot be probed" in data["failMsg"]


def test_result_is_served_whole_and_in_parts(caller: Caller) -> None:
    [url] = caller.results(caller.finished(caller.submit()))
    whole = requests.get(url, timeout=60)
    size = len(whole.content)
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert requests.head(url, timeout=60).headers["Content-Length"] == str(size)
    for asked, first, last in [
        ("0-0", 0, 0),
        ("10-19", 10, 19),
        (f"{size - 5}-", size - 5, size - 1),
        ("-7", size - 7, size - 1),
    ]:
        part = requests.get(url, headers={"Range": f"bytes={asked}"}, timeout=60)
        assert part.status_code == 206
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
        assert part.content == whole.content[first : last + 1]
    for beyond in (f"{size}-", "-0"):
        refused = requests.get(url, headers={"Range": f"bytes={beyond}"}, timeout=60)
        assert (refused.status_code, refused.headers["Content-Range"]) == (416, f"bytes */{size}")
    for nonsense in ("bytes=-", "bytes=9-3", "lines=1-2", "bytes=0-1,5-6"):
        assert requests.get(url, headers={"Range": nonsense}, timeout=60).content == whole.content


def test_result_is_gone_after_a_day(tmp_path: Path, files: FileServer) -> None:
    with running_sandbox(tmp_path / "data", files) as sandbox:
        caller = Caller(sandbox.base_url, files)
        [url] = caller.results(caller.finished(caller.submit()))
        name = url.rpartition("/")[2]
    with sqlite3.connect(tmp_path / "data" / "sandbox.sqlite3") as db:
        db.execute("UPDATE task SET completed = completed - 86401")
    db.close()
    with running_sandbox(tmp_path / "data", files) as later:
        assert requests.get(f"{later.origin}/results/{name}", timeout=60).status_code == 404
        ends = time.monotonic() + 60
        while (tmp_path / "data" / "results" / name).exists():
            assert time.monotonic() < ends
            time.sleep(0.05)


def test_task_that_cannot_be_stored_goes_on_when_it_can(
    tmp_path: Path, files: FileServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full for a while ends no task, takes no money twice, and fills no log with tracebacks."""
    monkeypatch.setattr(task_runner, "DISK_RETRY_S", 0.1)
    with running_sandbox(tmp_path / "data", files) as sandbox:
        caller = Caller(sandbox.base_url, files)
        with nothing_begins(sandbox):
            task_id = caller.submit()
            sandbox._runner.store._db.execute("PRAGMA query_only=ON")
        ends = time.monotonic() + 60
        while f"task={task_id} waits" not in caplog.text:
            assert time.monotonic() < ends, caplog.text
            time.sleep(0.02)
        assert caller.poll(task_id).status_code == 500
        sandbox._runner.store._db.execute("PRAGMA query_only=OFF")
        assert caller.finished(task_id)["state"] == "success"
        assert caller.balance() == 99.8
    assert [record for record in caplog.records if record.exc_info] == []
