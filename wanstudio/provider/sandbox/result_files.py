"""Hands out a result, whole or in part, for a day."""

import re
import time
from typing import TYPE_CHECKING

from wanstudio.provider.sandbox import envelopes as answers
from wanstudio.provider.sandbox.request_body import Refused
from wanstudio.provider.sandbox.task_runner import KEPT_S, result_path

if TYPE_CHECKING:
    from wanstudio.provider.sandbox.http_handler import Handler

PAGE = b"<!doctype html><title>Not the video</title><p>This is a web page where a video should be.</p>"


def send_result(handler: "Handler", task_id: str, number: int, *, fresh: bool) -> None:
    """Obeys [badfile] and [expired]. Raises Refused(404) for what is not there, or not there any more."""
    store = handler.api.store
    task = store.get(task_id)
    gone = task is None or task.state != "success" or time.time() - (task.completed or 0) > KEPT_S
    if task is None or gone or number >= task.results:
        raise Refused(404, "No such file.")
    if task.orders.expired and not fresh:
        store.renew_url(task.id)
        raise Refused(403, "This link has expired.")
    if task.orders.badfile:
        handler.reply(200, "text/html", PAGE)
        return
    try:
        file = result_path(handler.api.folder, task.id, number).open("rb")
    except FileNotFoundError:
        raise Refused(404, "No such file.") from None
    with file:
        size = file.seek(0, 2)
        wanted = parse_range(handler.headers.get("Range", ""), size)
        if wanted == ():
            handler.reply(416, "application/json", answers.error(416), {"Content-Range": f"bytes */{size}"})
            return
        first, last = wanted or (0, size - 1)
        headers = {"Accept-Ranges": "bytes", "Content-Type": "video/mp4", "Content-Length": str(last - first + 1)}
        if wanted:
            headers["Content-Range"] = f"bytes {first}-{last}/{size}"
        handler.head(206 if wanted else 200, headers)
        if handler.command == "HEAD":
            return
        file.seek(first)
        left = last - first + 1
        while left and (chunk := file.read(min(left, 256 * 1024))):
            handler.wfile.write(chunk)
            left -= len(chunk)


def parse_range(header: str, size: int) -> tuple[int, int] | tuple[()] | None:
    """First and last byte; None for the whole file (no range, several, or nonsense); () if there is no such part."""
    match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", header.strip())
    if not match or match[0].endswith("=-"):
        return None
    if not match[1]:
        length = min(int(match[2]), size)
        return (size - length, size - 1) if length else ()
    first, last = int(match[1]), min(int(match[2] or size), size - 1)
    if match[2] and int(match[2]) < first:
        return None
    return (first, last) if first < size else ()
