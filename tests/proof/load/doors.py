"""Callbacks at a steady rate, each over a connection of its own, as a provider sends them."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlsplit


def forged(task_id: str, url: str) -> bytes:
    """A success with a result behind a foreign link."""
    result = json.dumps({"resultUrls": [url]})
    data = {"taskId": task_id, "state": "success", "resultJson": result}
    return json.dumps({"code": 200, "message": "success", "data": data}).encode()


def knock(url: str, body: bytes, *, a_second: int, seconds: int) -> list[tuple[int, float]]:
    """Post the body that often; the status of each answer, and how long it took in ms."""
    began = time.monotonic() + 0.2
    number = a_second * seconds

    def one(index: int) -> tuple[int, float]:
        time.sleep(max(began + index / a_second - time.monotonic(), 0))
        return _post(url, body)

    with ThreadPoolExecutor(32) as pool:
        return list(pool.map(one, range(number)))


def _post(url: str, body: bytes) -> tuple[int, float]:
    parts = urlsplit(url)
    line = HTTPConnection(parts.netloc, timeout=120)
    began = time.perf_counter()
    line.request("POST", parts.path, body, {"Content-Type": "application/json"})
    answer = line.getresponse()
    answer.read()
    line.close()
    return answer.status, (time.perf_counter() - began) * 1000
