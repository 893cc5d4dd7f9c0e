"""A caller of the sandbox, by plain HTTP, as the reference page says."""

import json
import time
from typing import Any

import requests

from tests.media.servers import FileServer

Json = dict[str, Any]


class Caller:
    def __init__(self, base_url: str, files: FileServer, key: str = "sandbox") -> None:
        self.base_url, self.files = base_url, files
        self.headers = {"Authorization": f"Bearer {key}"}

    def body(self, **changes: Any) -> Json:
        """A valid body; `changes` go into input, None takes a field away."""
        given: Json = {
            "mode": "standard",
            "type": "animate",
            "image_urls": [self.files.url("mira.png")],
            "video_urls": [self.files.url("clip.mp4")],
            "resolution": "480p",
            "seed": 42,
        }
        given = {name: value for name, value in {**given, **changes}.items() if value is not None}
        return {"request_type": "async", "input": given}

    def post(self, body: Any, *, timeout: float = 60, model: str = "wan-2-2-animate") -> requests.Response:
        url = f"{self.base_url}/generateTask/{model}"
        return requests.post(url, json=body, headers=self.headers, timeout=timeout)

    def submit(self, callback_url: str = "", **changes: Any) -> str:
        body = self.body(**changes)
        if callback_url:
            body |= {"request_type": "callback", "callback_url": callback_url}
        answer = self.post(body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["code"] == 200
        assert answer.json()["message"] == "success"
        return str(answer.json()["data"]["taskId"])

    def get(self, path: str) -> requests.Response:
        return requests.get(self.base_url + path, headers=self.headers, timeout=60)

    def poll(self, task_id: str) -> requests.Response:
        return self.get(f"/statusTask/wan-2-2-animate?taskId={task_id}")

    def status(self, task_id: str) -> Json:
        answer = self.poll(task_id)
        assert answer.status_code == 200, answer.text
        data: Json = answer.json()["data"]
        return data

    def finished(self, task_id: str) -> Json:
        return self.reached(task_id, "success", "failed")

    def reached(self, task_id: str, *states: str) -> Json:
        """Its status once it is in one of these states."""
        ends = time.monotonic() + 120
        while (data := self.status(task_id))["state"] not in states:
            assert time.monotonic() < ends, data
            time.sleep(0.02)
        return data

    def results(self, data: Json) -> list[str]:
        return list(json.loads(data["resultJson"])["resultUrls"])

    def balance(self) -> float:
        return float(self.get("/apikeys/current-balance").json()["data"])
