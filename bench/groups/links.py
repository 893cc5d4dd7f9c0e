"""Linked clips: what it takes to price one of 100 MB, against downloading it whole in the same run."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, shown
from bench.rig import Rig
from tests.media.clips import FASTSTART, clip
from tests.media.servers import FileServer
from tests.media.test_remote_clips import with_wide_mdat
from wanstudio.media.fetch import Fetcher, Limits
from wanstudio.media.probe import probe_video
from wanstudio.media.remote_file import RemoteFile

PLACES = (("index in front", FASTSTART), ("index at the end", None))


def figures(rig: Rig) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "clip.mp4"
        for place, options in PLACES:
            with_wide_mdat(film, clip(12.3, options=options))
            runs = [_run(film) for _ in range(rig.runs)]
            whole = f"the whole in {shown(sorted(run[3] for run in runs)[len(runs) // 2] * 1000)} ms"
            yield Figure(f"requests to price a linked clip, {place}", "", [run[0] for run in runs])
            yield Figure("the same, bytes", "", [run[1] for run in runs], "bytes", whole)
            yield Figure("the same, elapsed", "", [run[2] * 1000 for run in runs], "ms", whole)


def _run(film: Path) -> tuple[int, int, float, float]:
    """Requests, bytes and seconds of the price; seconds of the whole."""
    with FileServer(film.parent) as files:
        fetcher = Fetcher({files.host})
        began = time.perf_counter()
        probe_video(RemoteFile(fetcher, files.url(film.name)), decode=False)
        priced = time.perf_counter() - began
        requests, sent = len(files.requests), files.bytes_sent
        began = time.perf_counter()
        with (film.parent / "whole").open("wb") as target:
            fetcher.download(files.url(film.name), target, Limits(max_bytes=10**9, deadline_s=60))
        return requests, sent, priced, time.perf_counter() - began
