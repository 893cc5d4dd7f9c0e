"""nginx as `deploy/nginx.conf` has it, under an account of its own: it sends the files, the studio says who may."""

import http.client
import io
import os
import re
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.e2e.person import Person
from tests.e2e.studio import Studio, wait_until
from tests.e2e.template import template
from tests.servers import Server, example_nginx

NAME = "Прыжок 跳 100%; x.mp4"
MAKE = f"""
from tests.e2e.finished import finish
from wanstudio.models import Source
from wanstudio.sharing.verbs import make_link
video = finish("Mira walks")
Source.objects.filter(pk=video.job.motion_id).update(file_name={NAME!r})
link = make_link(video, video.job.person)
print(video.pk, video.job.motion_id, video.file.name, link.token, link.pk)
"""


@dataclass
class Behind:
    """A studio behind nginx: what is in it, and the cookies of its owner."""

    studio: Studio
    proxy: Server
    cookies: dict[str, str]
    video: str
    upload: str
    stored: Path
    token: str
    link: str

    def get(self, path: str, method: str = "GET", **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        more = {"headers": named, "cookies": self.cookies, "timeout": 60, "allow_redirects": False}
        return requests.request(method, self.proxy.url + path, **more)  # type: ignore[arg-type]

    def asked(self, path: str) -> int:
        return len(re.findall(rf"HEAD {path} 200", self.studio.said()))


def is_handed_off(answer: requests.Response) -> bool:
    """nginx's tags are of time and size, ours of a stored name."""
    return re.fullmatch(r'"[0-9a-f]+-[0-9a-f]+"', answer.headers.get("ETag", "")) is not None


@pytest.fixture(scope="module")
def behind(templates: Path) -> Iterator[Behind]:
    folder = Path(tempfile.mkdtemp(prefix="wanstudio-behind-"))
    # Else no other account reaches the data folder.
    folder.chmod(0o711)
    settings = {"WANSTUDIO_ACCEL": "/media/", "WANSTUDIO_TRUSTED_PROXIES": "127.0.0.1"}
    studio = Studio(folder / "data", template(templates, owner=True), **settings)
    # What an earlier start made is its account's alone.
    shutil.copytree(template(templates, owner=True), studio.data, symlinks=True)
    studio.manage("prepare")
    studio.start()
    user = "nobody root" if os.geteuid() == 0 else ""
    try:
        with example_nginx(studio.port, studio.data, user) as proxy:
            cookies = Person(studio).session.cookies.get_dict()
            video, upload, stored, token, link = studio.python(MAKE).split()
            yield Behind(studio, proxy, cookies, f"/videos/{video}/file", f"/uploads/{upload}/file",
                         studio.data / "media" / stored, token, link)  # fmt: skip
    finally:
        studio.end()
        shutil.rmtree(folder)


def test_ranges_are_exact_and_few_ask_the_studio(behind: Behind) -> None:
    began, whole = time.monotonic(), behind.stored.read_bytes()
    size, first = len(whole), behind.get(behind.video)
    tag = first.headers["ETag"]
    asked: list[tuple[dict[str, str], int, bytes]] = [
        ({"Range": "bytes=0-0"}, 206, whole[:1]),
        ({"Range": "bytes=-7"}, 206, whole[-7:]),
        ({"Range": f"bytes=1000-{size + 5}"}, 206, whole[1000:]),
        ({"Range": "bytes=5-9", "If-Range": tag}, 206, whole[5:10]),
        ({"Range": "bytes=5-9", "If-Range": '"another"'}, 200, whole),
        ({"Range": "bytes=0-1,5-6"}, 200, whole),
        ({"If-None-Match": tag}, 304, b""),
        ({"If-Match": '"another"'}, 412, first.content[:0]),
    ]
    assert (first.status_code, first.content, is_handed_off(first)) == (200, whole, True)
    for headers, status, body in asked:
        answer = behind.get(behind.video, **headers)
        assert (answer.status_code, answer.content if status < 400 else b"") == (status, body), headers
    beyond = behind.get(behind.video, Range=f"bytes={size}-")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")
    head = behind.get(behind.video, "HEAD")
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, str(size), b"")
    for start in range(40):
        assert behind.get(behind.video, Range=f"bytes={start}-{start}").content == whole[start : start + 1]
    # What it said is good for 5 s.
    assert 1 <= behind.asked(behind.video) < 20 + (time.monotonic() - began) / 5


def test_answers_say_what_the_studio_says(behind: Behind) -> None:
    direct = requests.Session()
    direct.cookies.update(behind.cookies)
    poster = behind.video.replace("file", "poster")
    shared = f"/s/{behind.token}/videos/{behind.video.split('/')[2]}/file"
    for path in (behind.video, f"{behind.video}?download", behind.upload, poster, shared, f"{shared}?download"):
        ours, theirs = direct.get(behind.studio.url + path, timeout=60), behind.get(path)
        assert (is_handed_off(ours), is_handed_off(theirs)) == (False, True), path
        assert (ours.status_code, ours.content) == (theirs.status_code, theirs.content), path
        kept = {"Content-Type", "Content-Disposition", "Cache-Control", "Content-Length", "Vary", "X-Robots-Tag"}
        kept |= {"X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Cross-Origin-Resource-Policy"}
        kept |= {"Cross-Origin-Opener-Policy", "Accept-Ranges", "X-Wan-Studio"}
        differ = {name for name in kept if ours.headers.get(name) != theirs.headers.get(name)}
        assert not differ, (path, differ, theirs.headers)
        policies = [set(answer.headers["Content-Security-Policy"].split("; ")) for answer in (ours, theirs)]
        assert policies[0] == policies[1]
        assert not {name for name in theirs.headers if name.lower().startswith("x-accel")}
    tag = behind.studio.rows("SELECT poster FROM wanstudio_video")[0][0].rpartition("/")[2].partition(".")[0]
    for version, keeps in ((tag, "private, max-age=31536000, immutable"), ("another", "private, no-cache")):
        answer = behind.get(f"{poster}?v={version}")
        assert (answer.headers["Cache-Control"], answer.headers["Vary"]) == (keeps, "Cookie")
        assert is_handed_off(answer)
    assert "%D0%9F" in behind.get(behind.upload).headers["Content-Disposition"]


def test_who_may_not_read_it_gets_what_the_studio_says(behind: Behind) -> None:
    assert behind.get(behind.video).status_code == 200
    # Asked in the 5 s for which its owner's right is known.
    for cookies in ({}, {**behind.cookies, "wanstudio_session": "another"}):
        answer = requests.get(behind.proxy.url + behind.video, cookies=cookies, timeout=60, allow_redirects=False)
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/accounts/login/?next={behind.video}")
    assert behind.get("/videos/99/file").status_code == 404
    assert behind.get(behind.video, "POST").status_code == 405


def test_a_revoked_link_is_over_at_the_next_request(behind: Behind) -> None:
    path = f"/s/{behind.token}/videos/{behind.video.split('/')[2]}/file"
    part = requests.get(behind.proxy.url + path, headers={"Range": "bytes=0-1"}, timeout=60)
    assert (part.status_code, len(part.content), is_handed_off(part)) == (206, 2, True)
    assert part.headers["Cache-Control"] == "private, no-store"
    behind.studio.python(
        "from wanstudio.models import ShareLink; from wanstudio.sharing.verbs import revoke_link\n"
        f"link = ShareLink.objects.get(pk={behind.link}); revoke_link(link, link.made_by)"
    )
    assert requests.get(behind.proxy.url + path, headers={"Range": "bytes=2-3"}, timeout=60).status_code == 404


def test_no_stored_file_can_be_asked_for(behind: Behind) -> None:
    """Raw, for a client would tidy the path up."""
    stored = f"/media/{behind.stored.relative_to(behind.studio.data / 'media')}"
    ways = [stored, stored.replace("/media", "/media/."), f"/videos/1/file/../../..{stored}", "/media/../secret.key"]
    ways += [
        stored.replace("/videos", "%2fvideos"),
        f"/%6dedia{stored.removeprefix('/media')}",
        "/_rights",
        f"/{stored}",
    ]
    for way in ways:
        line = http.client.HTTPConnection(behind.proxy.url.removeprefix("http://"), timeout=60)
        cookie = "; ".join(f"{name}={value}" for name, value in behind.cookies.items())
        forged = {"X-Accel-Redirect": stored, "X-Accel-Mapping": "/=/media/", "X-Accel-Expires": "60"}
        line.request("GET", way, headers={"Cookie": cookie, **forged})
        answer = line.getresponse()
        assert answer.status in (400, 403, 404), way
        assert b"ftyp" not in answer.read(), way
        line.close()


def test_archives_and_lists_are_streamed(behind: Behind) -> None:
    csv = behind.get("/activity/activity.csv?group=job")
    assert (csv.status_code, csv.headers["Transfer-Encoding"]) == (200, "chunked")
    wall = behind.get("/videos/")
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', wall.text)[0]
    fields = {"csrfmiddlewaretoken": token, "video": behind.video.split("/")[2], "team": 1}
    cookies = {**behind.cookies, **wall.cookies.get_dict()}
    answer = requests.post(f"{behind.proxy.url}/videos/selected/zip/", data=fields, cookies=cookies, timeout=60)
    assert answer.headers["Content-Type"] == "application/zip", answer.text[:500]
    assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None


def test_what_nginx_cannot_read_the_studio_sends(behind: Behind) -> None:
    """Closed to its account; gone; under a name that the studio would not make."""
    if os.geteuid() == 0:
        # Not opened before: nginx keeps what it has open.
        pk, name = behind.studio.rows("SELECT id, file FROM wanstudio_source WHERE kind = 'character'")[0]
        picture = behind.studio.data / "media" / name
        picture.chmod(0o600)
        answer = behind.get(f"/uploads/{pk}/file", Range="bytes=2-9")
        assert (answer.status_code, answer.content) == (206, picture.read_bytes()[2:10])
        assert not is_handed_off(answer)
    assert is_handed_off(behind.get(behind.video))
    behind.stored.rename(behind.stored.with_suffix(".away"))
    wait_until(lambda: behind.get(behind.video).status_code == 404, "it is gone")
    odd = behind.stored.with_name("a b%2e.mp4")
    odd.write_bytes(b"0123456789")
    behind.studio.python(
        "from wanstudio.models import Video\n"
        f"Video.objects.update(file={str(odd.relative_to(behind.studio.data / 'media'))!r})"
    )
    address = f"{behind.video}?another=1"
    answer = behind.get(address, Range="bytes=2-4")
    assert (answer.status_code, answer.content, is_handed_off(answer)) == (206, b"234", False)
