"""Somebody who uses the studio without a browser: the same forms, posted with requests."""

import re
from pathlib import Path
from typing import Any

import requests

from tests.e2e.studio import ROOT, Studio
from tests.e2e.template import EMAIL, PASSWORD

MIRA = ROOT / "static" / "samples" / "mira.png"
WALK = ROOT / "static" / "samples" / "walk.mp4"


class Person:
    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.session = requests.Session()
        self._sample: dict[str, str] = {}
        page = self.get("/accounts/login/").text
        self._post("/accounts/login/", page, login=EMAIL, password=PASSWORD)

    def get(self, path: str, **headers: str) -> requests.Response:
        answer = self.session.get(self.studio.url + path, headers=headers, timeout=60)
        assert answer.status_code < 500, self.studio.said()[-3000:]
        return answer

    def _post(self, path: str, page: str, files: Any = None, **fields: Any) -> requests.Response:
        token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[0]
        data = {"csrfmiddlewaretoken": token, **fields}
        return self.session.post(self.studio.url + path, data=data, files=files, timeout=60)

    def generate(self, files: dict[str, Path] | None = None, **fields: Any) -> requests.Response:
        """The studio's form without JavaScript: once to be told the price, once more to agree to it."""
        page = self.get("/").text
        answer = self._send(page, files, **fields)
        if "/jobs/" not in answer.url.removesuffix("/jobs/") and answer.status_code == 200:
            kept = {name: value_of(answer.text, name) for name in ("nonce", "quoted", "character", "motion")}
            linked = {name: value for name, value in fields.items() if not name.endswith("_url")}
            answer = self._send(answer.text, None, **{**linked, **kept})
        return answer

    def _send(self, page: str, files: dict[str, Path] | None, **fields: Any) -> requests.Response:
        defaults = {"nonce": value_of(page, "nonce"), "team": value_of(page, "team"), "resolution": "480p"}
        sent = {name: (path.name, path.read_bytes()) for name, path in (files or {}).items()}
        return self._post("/jobs/", page, sent or None, **{"behaviour": "animate", **defaults, **fields})

    def make_sample(self, **fields: Any) -> int:
        """A job of the sample, which is uploaded only once; its id."""
        files = None if self._sample else {"character_file": MIRA, "motion_file": WALK}
        answer = self.generate(files, **self._sample, **fields)
        found = re.search(r"/jobs/(\d+)/$", answer.url)
        assert found, f"{answer.status_code} {answer.url}\n{answer.text[:3000]}"
        job = int(found[1])
        if not self._sample:
            inputs = self.studio.rows("SELECT character_id, motion_id FROM wanstudio_job WHERE id = ?", job)[0]
            self._sample = dict(zip(("character", "motion"), map(str, inputs), strict=True))
        return job

    def rename(self, job: int, title: str) -> None:
        self._post(f"/jobs/{job}/rename/", self.get(f"/jobs/{job}/").text, title=title)


def value_of(page: str, name: str) -> str:
    field = re.search(rf'<input[^>]*name="{name}"[^>]*>', page)
    value = re.search(r'value="([^"]*)"', field[0]) if field else None
    return value[1] if value else ""
