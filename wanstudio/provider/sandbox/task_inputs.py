"""Fetches what a task is made from, and fails with the documented codes where it is not what it should be."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from wanstudio.media.fetch import Fetcher, FetchError
from wanstudio.media.probe import MediaError, VideoFacts, probe_image, probe_video
from wanstudio.media.remote import RemoteFile
from wanstudio.provider.sandbox.request_body import Refused

T = TypeVar("T")
IMAGE_MAX_BYTES = 10 * 1024 * 1024
CLIP_MAX_BYTES = 2 * 1024**3
PRICES_CENTS = {"480p": 4, "720p": 8}
MINIMUM_S, MAXIMUM_S = 5, 120


# A server that is just being restarted is asked again, for this long and this often.
PATIENCE_S = 15.0
AGAIN_EVERY_S = 0.5
PASSING = ("UNREACHABLE", "CUT_SHORT")


class TaskFailed(Exception):
    """The task ends as failed, with this failCode and failMsg."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def price_cents(duration: float, resolution: str) -> int:
    """The reference page's arithmetic, once more: the studio's own is what the sandbox is there to check."""
    exact = min(MAXIMUM_S, max(MINIMUM_S, duration)) * PRICES_CENTS[resolution]
    return math.floor(round(exact, 6) + 0.5)


def probe_motion(fetcher: Fetcher, url: str) -> VideoFacts | None:
    """What the index of the clip says, before a task is made; None if only the whole file can tell.

    Raises Refused(400) where there is no such file, or it is of another kind: so the reference page.
    """
    try:
        return _patiently(
            lambda: probe_video(
                RemoteFile(fetcher, url, max_bytes=4 * 1024 * 1024, max_requests=12, deadline_s=20), decode=False
            )
        )
    except MediaError as error:
        raise Refused(400, f"Invalid input.video_urls[0]: it cannot be probed. {error.sentence}") from None
    except FetchError as error:
        if error.code in ("NO_RANGES", "OVER_BUDGET"):
            return None
        raise Refused(400, f"Invalid input.video_urls[0]: it cannot be probed. {error.sentence}") from None


def fetch_image(fetcher: Fetcher, url: str, target: Path, heartbeat: Callable[[], None]) -> None:
    """Downloads and checks the picture. Raises TaskFailed, and what `heartbeat` raises to end it."""
    try:
        _patiently(lambda: _download(fetcher, url, target, IMAGE_MAX_BYTES, 60, heartbeat))
        with target.open("rb") as file:
            probe_image(file)
    except FetchError as error:
        code = {
            "TOO_LARGE": "IMAGE_TOO_LARGE",
            "INVALID_URL": "INVALID_IMAGE_URL",
            "PRIVATE_ADDRESS": "INVALID_IMAGE_URL",
        }
        raise TaskFailed(code.get(error.code, "IMAGE_DOWNLOAD_FAILED"), error.sentence) from None
    except MediaError as error:
        raise TaskFailed("UNSUPPORTED_FORMAT", error.sentence) from None


def fetch_clip(fetcher: Fetcher, url: str, target: Path, heartbeat: Callable[[], None]) -> VideoFacts:
    """Downloads and checks the clip. Raises TaskFailed: no code of its own is documented for clips."""
    try:
        _patiently(lambda: _download(fetcher, url, target, CLIP_MAX_BYTES, 600, heartbeat))
        with target.open("rb") as file:
            return probe_video(file, decode=True)
    except (FetchError, MediaError) as error:
        raise TaskFailed("GENERATION_FAILED", f"Video URL cannot be probed. {error.sentence}") from None


def _download(
    fetcher: Fetcher, url: str, target: Path, max_bytes: int, deadline_s: float, heartbeat: Callable[[], None]
) -> None:
    heartbeat()
    with target.open("wb") as file:
        fetcher.download(url, file, max_bytes=max_bytes, deadline_s=deadline_s, heartbeat=heartbeat)


def _patiently(act: Callable[[], T]) -> T:
    """What `act` returns, tried again while the server is away for a moment. Raises the last FetchError."""
    ends = time.monotonic() + PATIENCE_S
    while True:
        try:
            return act()
        except FetchError as error:
            passing = error.code in PASSING or (error.http_status or 0) >= 500
            if not passing or time.monotonic() > ends:
                raise
            time.sleep(AGAIN_EVERY_S)
