"""The cellar: a studio that nobody outside can reach makes a video from uploaded files, through a bucket."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
import pytest
import requests

from tests import docs_commands, s3_storage
from tests.e2e.studio import ROOT, Studio, wait_until
from tests.e2e.template import template
from tests.proof.install import hosts
from tests.proof.install.hosts import Host
from tests.s3_storage import BUCKET, KEY_ID, REGION, SECRET, Storage
from wanstudio.media.fetch import Fetcher
from wanstudio.provider.sandbox import sandbox_server
from wanstudio.provider.sandbox.sandbox_server import Sandbox
from wanstudio.provider.sandbox.task_runner import Options

KEY = "sk-of-the-provider-outside"
SAMPLES = ROOT / "static" / "samples"
NEW_TOKEN = """
from wanstudio.api.authentication import create_token
from wanstudio.models import Membership
print(create_token(Membership.objects.get(), "cellar", "make").secret)
"""
LOOK_NOW = """
from django.db.models.functions import Now
from wanstudio.models import Job
Job.objects.filter(state="running").update(due_at=Now())
print(Job.objects.get().state)
"""
pytestmark = pytest.mark.skipif(bool(hosts.why_not()), reason=hosts.why_not())


@contextmanager
def provider(bucket: Storage, folder: Path) -> Iterator[Sandbox]:
    """The sandbox on the host of this thread, where it can reach the bucket and nothing else of the studio's."""
    sandbox = Sandbox(0, folder, Fetcher({bucket.host}), Options(KEY, pace=0.01, pending_s=0.05, processing_s=0.1))
    sandbox.start()
    try:
        yield sandbox
    finally:
        sandbox.stop()


@pytest.fixture
def cellar_and_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[Host, Host, Storage, str]]:
    with hosts.two_hosts() as (cellar, outside):
        monkeypatch.setattr(sandbox_server, "HOST", outside.address)
        storage = s3_storage.running(outside.address)
        bucket = outside.inside(storage.__enter__)
        taking = provider(bucket, tmp_path / "outside")
        sandbox = outside.inside(taking.__enter__)
        try:
            yield cellar, outside, bucket, sandbox.base_url
        finally:
            outside.inside(lambda: taking.__exit__(None, None, None))
            storage.__exit__(None, None, None)


class Script:
    """The API of the studio, called on its own host."""

    def __init__(self, studio: Studio) -> None:
        self.root = f"{studio.url}/api/v1/"
        self.line = requests.Session()
        self.line.headers["Authorization"] = f"Bearer {studio.python(NEW_TOKEN)}"

    def post(self, path: str, **what: Any) -> dict[str, Any]:
        answer = self.line.post(self.root + path, timeout=60, **what)
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    def upload(self, kind: str, name: str) -> int:
        with (SAMPLES / name).open("rb") as file:
            return int(self.post("uploads", data={"kind": kind}, files={"file": (name, file)})["id"])

    def get(self, path: str) -> bytes:
        answer = self.line.get(self.root + path, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.content


def test_uploads_become_a_video_where_nobody_can_reach_the_studio(
    cellar_and_outside: tuple[Host, Host, Storage, str], templates: Path, tmp_path: Path
) -> None:
    cellar, outside, bucket, base_url = cellar_and_outside
    page = {"wan-studio-uploads": BUCKET, "https://s3.example.com": f"http://{bucket.host}", "eu-central-1": REGION}
    page |= {"the-key": KEY_ID, "its-secret": SECRET}
    studio = Studio(
        tmp_path / "cellar",
        template(templates, owner=True),
        **docs_commands.settings("docs/real-key.md", "Without a public address", page),
        APIXO_API_KEY=KEY,
        APIXO_BASE_URL=base_url,
        LOG_LEVEL="DEBUG",
    )

    def made() -> bytes:
        studio.start()
        script = Script(studio)
        asked = {
            "character": script.upload("character", "mira.png"),
            "motion": script.upload("motion", "walk.mp4"),
            "resolution": "480p",
        }
        quote = script.post("quote", json=asked)
        assert quote["warnings"] == []
        script.post("jobs", json=asked | {"price": quote["price"]})
        wait_until(lambda: studio.python(LOOK_NOW) == "done", "the video is there", 120)
        wait_until(lambda: not bucket.objects, "nothing is left in the bucket")
        (video,) = json.loads(script.get("videos"))["items"]
        return script.get(f"videos/{video['id']}/file")

    try:
        film = cellar.inside(made)
        with pytest.raises(requests.ConnectionError):
            outside.inside(lambda: requests.get(f"http://{cellar.address}:{studio.port}/healthz", timeout=2))
        with av.open(io.BytesIO(film), "r") as video:
            assert len(list(video.decode(video=0))) > 10
        assert studio.rows("SELECT callback, state FROM wanstudio_job") == [(0, "done")]
        assert studio.rows("SELECT COUNT(*) FROM wanstudio_attempt") == [(1,)]
        left = "SELECT COUNT(*) FROM wanstudio_bucketcopy"
        wait_until(lambda: studio.rows(left) == [(0,)], "what is no longer in the bucket has no row")
        status = json.loads(cellar.inside(lambda: studio.command("status", "--json").stdout))
        assert status["bucket"]["problem"] == ""
        assert status["bucket"]["checked_s_ago"] is not None
        only_signed_links_worked(outside, bucket)
        for secret in (SECRET, *(link.rpartition("=")[2] for link in bucket.links)):
            assert secret not in studio.said()
            assert secret.encode() not in (studio.data / "studio.sqlite3").read_bytes()
    finally:
        cellar.inside(studio.end)


def only_signed_links_worked(outside: Host, bucket: Storage) -> None:
    """The provider's own links, once more: what they led to is gone, and one that is changed or old is refused."""
    fetched = [link for link in bucket.links if not link.partition("?")[0].endswith(".txt")]
    assert {link.partition("?")[0].rpartition(".")[2] for link in fetched} == {"png", "mp4"}

    def answer(link: str) -> int:
        return outside.inside(lambda: requests.get(f"http://{bucket.host}{link}", timeout=60).status_code)

    link = fetched[0]
    assert answer(link) == 404
    assert answer(link.replace("Expires=86400", "Expires=86401")) == 403
    assert answer(link.partition("?")[0]) == 403
    bucket.clock = timedelta(hours=25)
    assert answer(link) == 403
