"""Inputs of a task: the picture and the clip are fetched and checked as APIXO would, and fail with its codes."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from wanstudio.media.decoder_messages import VideoFacts
from wanstudio.media.errors import FetchError, FetchProblem, MediaError
from wanstudio.media.fetch import Fetcher, Limits
from wanstudio.media.isolated import probe_clip, probe_clip_index, probe_image
from wanstudio.media.remote_file import RemoteFile
from wanstudio.provider.apixo.description import WAN_2_2_ANIMATE
from wanstudio.provider.base import prices_on

from .request_body import Refused

T = TypeVar("T")
MAX_IMAGE_BYTES, MAX_CLIP_BYTES = WAN_2_2_ANIMATE.inputs.image_max_bytes, 2 * 1024**3
IMAGE_FAIL_CODES = {
    FetchProblem.TOO_LARGE: "IMAGE_TOO_LARGE",
    FetchProblem.INVALID_URL: "INVALID_IMAGE_URL",
    FetchProblem.PRIVATE_ADDRESS: "INVALID_IMAGE_URL",
    FetchProblem.SERVICE_PORT: "INVALID_IMAGE_URL",
}
# A server that is just being restarted is asked again for so long.
RETRY_S, RETRY_EVERY_S = 15.0, 0.5


@dataclass(eq=False)
class TaskFailed(Exception):
    """The task ends as failed, with this failCode and failMsg."""

    code: str
    message: str


def price_cents(duration: float, resolution: str) -> int:
    """The reference page's arithmetic, once more: the studio's own is what the sandbox is there to check."""
    limits = WAN_2_2_ANIMATE.billing
    dollars = prices_on(WAN_2_2_ANIMATE.price_table, datetime.now(UTC).date())[resolution]
    exact = min(limits.max_s, max(limits.min_s, duration)) * float(100 * dollars)
    return math.floor(round(exact, 6) + 0.5)


def probe_duration(fetcher: Fetcher, url: str) -> float:
    """Seconds, as the index of the clip says before a task is made; 0 if only the whole file can tell.

    Raises Refused(400) where there is no such file, or it is of another kind: so the reference page.
    """

    def probe() -> VideoFacts:
        clip = RemoteFile(fetcher, url, max_bytes=4 * 1024 * 1024, max_requests=12, deadline_s=20)
        return probe_clip_index(clip)

    try:
        return _with_retries(probe).duration
    except (FetchError, MediaError) as error:
        if error.code in (FetchProblem.NO_RANGES, FetchProblem.OVER_BUDGET):
            return 0.0
        raise Refused(400, f"Invalid input.video_urls[0]: it cannot be probed. {error.sentence}") from None


def fetch_image(fetcher: Fetcher, url: str, target: Path, heartbeat: Callable[[], None]) -> None:
    """Downloads and checks the picture. Raises TaskFailed, and what `heartbeat` raises to end it."""
    try:
        _with_retries(lambda: _download(fetcher, url, target, Limits(MAX_IMAGE_BYTES, 60, heartbeat=heartbeat)))
        with target.open("rb") as file:
            _with_retries(lambda: probe_image(file))
    except FetchError as error:
        raise TaskFailed(IMAGE_FAIL_CODES.get(error.code, "IMAGE_DOWNLOAD_FAILED"), error.sentence) from None
    except MediaError as error:
        raise TaskFailed("UNSUPPORTED_FORMAT", error.sentence) from None


def fetch_clip(fetcher: Fetcher, url: str, target: Path, heartbeat: Callable[[], None]) -> VideoFacts:
    """Downloads and checks the clip. Raises TaskFailed: no code of its own is documented for clips."""
    try:
        _with_retries(lambda: _download(fetcher, url, target, Limits(MAX_CLIP_BYTES, 600, heartbeat=heartbeat)))
        with target.open("rb") as file:
            return _with_retries(lambda: probe_clip(file))[0]
    except (FetchError, MediaError) as error:
        raise TaskFailed("GENERATION_FAILED", f"Video URL cannot be probed. {error.sentence}") from None


def _download(fetcher: Fetcher, url: str, target: Path, limits: Limits) -> None:
    if limits.heartbeat:
        limits.heartbeat()
    with target.open("wb") as file:
        fetcher.download(url, file, limits)


def _with_retries(act: Callable[[], T]) -> T:
    """What `act` returns, repeated while the server is away for a moment. Raises the last FetchError."""
    ends = time.monotonic() + RETRY_S
    while True:
        try:
            return act()
        except FetchError as error:
            passing = error.code in (FetchProblem.UNREACHABLE, FetchProblem.CUT_SHORT, FetchProblem.BUSY)
            if not (passing or (error.http_status or 0) >= 500) or time.monotonic() > ends:
                raise
        time.sleep(RETRY_EVERY_S)
