"""Two machines without a shared folder: one database, one broker, one bucket, and a data folder for each of them."""

import copy
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from cryptography.fernet import Fernet

from tests import s3_storage
from tests.bad_lines import MB, Sender, large_clip
from tests.docs_commands import ROOT, blocks, settings
from tests.e2e.person import MIRA, Person
from tests.e2e.studio import Studio, wait_until
from tests.e2e.template import template
from tests.fake_apixo import KEY, FakeApixo
from tests.proof.outgrown.steps import call_back, state
from tests.s3_storage import BUCKET, KEY_ID, REGION, SECRET, Storage
from tests.servers import Server, nginx_with

PAGE = "docs/several-machines.md"
TOKEN = """
from wanstudio.api.authentication import create_token
from wanstudio.models import Membership
print(create_token(Membership.objects.get(), "script", "make").secret)
"""


@pytest.fixture
def machines(
    database: str, redis_server: Server, apixo: FakeApixo, templates: Path, tmp_path: Path
) -> Iterator[tuple[Studio, Studio, Storage]]:
    """The first answers people only; the second works, and answers, too."""
    with s3_storage.running() as bucket:
        page = {"wan-studio-media": BUCKET, "https://s3.example.com": f"http://{bucket.host}", "eu-central-1": REGION}
        page |= {"the-key": KEY_ID, "its-secret": SECRET, "the-encryption-key": Fernet.generate_key().decode()}
        env = settings("docs/several-machines.md", "Without a shared folder", page) | {
            "WANSTUDIO_MEDIA_LINKS": "1",
            "WANSTUDIO_TRUSTED_PROXIES": "127.0.0.1",
        }
        env |= {"DATABASE_URL": database, "BROKER_URL": redis_server.url, "WANSTUDIO_PACE": "0.02"}
        env |= {"APIXO_API_KEY": KEY, "APIXO_BASE_URL": apixo.url, "WANSTUDIO_PRIVATE_HOSTS": apixo.host}
        empty = template(templates, owner=True)
        first, second = (Studio(tmp_path / name, empty, **env) for name in ("first", "second"))
        shutil.copytree(empty, first.data, symlinks=True)
        try:
            second.start()
            with first.beside("web"):
                wait_until(lambda: answers(first), "the first machine answers", 120)
                yield first, second, bucket
        finally:
            first.close()
            second.end()


def answers(studio: Studio) -> bool:
    try:
        return requests.get(f"{studio.url}/healthz", timeout=20).status_code == 200
    except requests.RequestException:
        return False


def kept(studio: Studio) -> set[str]:
    root = studio.data / "media"
    return {str(path.relative_to(root)) for path in root.rglob("*.*")}


def test_what_one_machine_takes_the_other_works_on_and_the_first_plays(
    machines: tuple[Studio, Studio, Storage], apixo: FakeApixo, film: bytes
) -> None:
    first, second, bucket = machines
    person = Person(first)
    job = person.make_sample()
    wait_until(lambda: state(first, job) == "running", "it runs", 120)
    # The provider asks the machine that has sent it, for what came to the other.
    link = next(value for value in map(str, flat(apixo.posts[0].body)) if "/files/" in value and value.endswith(".png"))
    assert requests.get(re.sub(r"http://[^/]+", second.url, link), timeout=60).content[:4] == MIRA.read_bytes()[:4]
    apixo.succeed(apixo.made[0], film)
    call_back(first, apixo)
    wait_until(lambda: state(first, job) == "done", "it is Ready", 120)
    ((pk, stored),) = first.rows("SELECT id, file FROM wanstudio_video")
    assert bucket.objects[f"media/{stored}"].body == film
    assert (stored in kept(first), stored in kept(second)) == (False, True)
    it_plays_by_links(first, person, bucket, pk, film)
    assert stored not in kept(first)
    headers = {"Authorization": f"Bearer {first.python(TOKEN)}", "Range": "bytes=100-199"}
    part = requests.get(f"{first.url}/api/v1/videos/{pk}/file", headers=headers, timeout=60, allow_redirects=False)
    assert (part.status_code, part.content) == (206, film[100:200])
    assert stored in kept(first)
    assert person.get(f"/videos/{pk}/poster").content[:2] == b"\xff\xd8"
    for secret in (SECRET, *(link.rpartition("=")[2] for link in bucket.links)):
        assert secret not in first.said() + second.said()


def it_plays_by_links(first: Studio, person: Person, bucket: Storage, pk: int, film: bytes) -> None:
    answer = person.session.get(f"{first.url}/videos/{pk}/file", timeout=60, allow_redirects=False)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (302, "no-store")
    link = answer.headers["Location"]
    assert link.startswith(f"http://{bucket.host}/{BUCKET}/media/")
    assert "X-Amz-Expires=300&" in link
    part = requests.get(link, headers={"Range": "bytes=10-19"}, timeout=60)
    assert (part.status_code, part.content, part.headers["Content-Type"]) == (206, film[10:20], "video/mp4")
    assert part.headers["Content-Disposition"].startswith("inline")
    saved = person.session.get(f"{first.url}/videos/{pk}/file?download", timeout=60)
    assert saved.content == film
    assert re.fullmatch(r'attachment; filename="[\w-]+\.mp4"', saved.headers["Content-Disposition"])
    stranger = requests.get(f"{first.url}/videos/{pk}/file", timeout=60, allow_redirects=False)
    assert bucket.host not in stranger.headers.get("Location", "")
    assert requests.get(link.replace("Expires=300", "Expires=301"), timeout=60).status_code == 403
    bucket.clock = timedelta(minutes=6)
    assert requests.get(link, timeout=60).status_code == 403
    bucket.clock = timedelta(0)


def flat(value: object) -> Iterator[object]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from flat(each)
    else:
        yield value


def test_pieces_of_a_person_come_to_one_machine(machines: tuple[Studio, Studio, Storage], tmp_path: Path) -> None:
    first, second, bucket = machines
    clip, used = tmp_path / "clip.mp4", [False, False]
    with in_front(first, second) as proxy:
        for _ in range(20):
            large_clip(clip, 3 * MB)
            through = copy.copy(first)
            through.url = proxy.url
            sent = Sender(Person(through), proxy.url, piece=MB).send(clip)
            ((stored,),) = first.rows("SELECT file FROM wanstudio_source WHERE id = ?", int(sent))
            assert len(bucket.objects[f"media/{stored}"].body) == 3 * MB
            used = [stored in kept(machine) or was for machine, was in zip((first, second), used, strict=True)]
            if all(used):
                return
    raise AssertionError("one machine got everyone")


@contextmanager
def in_front(first: Studio, second: Studio) -> Iterator[Server]:
    """nginx as the page says it: its own lines, in the place of the example's."""
    (lines,) = (block.lines for block in blocks(PAGE) if block.language == "nginx")
    upstream = "\n".join(lines)
    for machine, address in zip((first, second), ("10.0.0.11:8000", "10.0.0.12:8000"), strict=True):
        assert address in upstream
        upstream = upstream.replace(address, f"127.0.0.1:{machine.port}")
    example = (ROOT / "deploy" / "nginx.conf").read_text()
    assert "upstream studio {" in example

    def conf(own: int, folder: Path) -> str:
        site = f"server {{ listen 127.0.0.1:{own}; client_max_body_size 600m; proxy_request_buffering off;"
        heads = "proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
        return f"{upstream}\n{site} {heads} location / {{ proxy_pass http://studio; }} }}"

    with nginx_with(conf) as server:
        yield server
