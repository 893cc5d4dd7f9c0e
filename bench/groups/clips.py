"""Clips: the scan of 120 s and the cut of 60 s of 1080p, in the processor's time and by the clock."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av

from bench.figures import Figure
from bench.rig import Rig

SECONDS, RATE, PART_S = 120, 30, 10


def figures(rig: Rig) -> Iterator[Figure]:
    from wanstudio.media.cutting import clip_cut
    from wanstudio.media.scanning import clip_scan

    with tempfile.TemporaryDirectory(dir=rig.data) as name:
        # As much as a screen recording or a film has, and as much as a phone writes.
        for megabits, goals in ((8, ("≤ 10", "≤ 20")), (16, ("", ""))):
            clip, cut = Path(name) / f"{megabits}.mp4", Path(name) / "cut.mp4"
            _make(clip, megabits)

            def scan(clip: Path = clip) -> None:
                with clip.open("rb") as file:
                    clip_scan.scan_clip(file, SECONDS)

            def cut_out(clip: Path = clip, cut: Path = cut) -> None:
                with clip.open("rb") as file, clip.open("rb") as same_file, cut.open("w+b") as made:
                    clip_cut.cut_clip((file, same_file), made, 20.0, 80.0)

            for what, act, limits in (("scan of 120 s", scan, goals), ("cut of 60 s", cut_out, ("≤ 20", ""))):
                runs = [_measured(act) for _ in range(min(rig.runs, 3))]
                about = f"of 1080p30 at {megabits} Mbit/s"
                yield Figure(f"{what} {about}, elapsed", limits[0], [each[0] for each in runs], "s")
                yield Figure(f"{what} {about}, processor", limits[1], [each[1] for each in runs], "s")


def _measured(act: Callable[[], None]) -> tuple[float, float]:
    began, before = time.perf_counter(), os.times()
    act()
    after = os.times()
    return time.perf_counter() - began, after.user + after.system - before.user - before.system


def _make(path: Path, megabits: int) -> None:
    """Moving shapes and noise, as many bits a second as asked for: ten seconds, twelve times."""
    part = path.with_suffix(".part.mp4")
    graph = av.filter.Graph()
    chain = [
        graph.add("testsrc2", f"size=1920x1080:rate={RATE}:duration={PART_S}"),
        graph.add("format", "pix_fmts=yuv420p"),
        graph.add("noise", f"alls={megabits // 2 + 1}:allf=t"),
        graph.add("buffersink"),
    ]
    for before, after in pairwise(chain):
        before.link_to(after)
    graph.configure()
    with av.open(str(part), "w") as out:
        stream = out.add_stream("libx264", rate=RATE, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        stream.bit_rate = megabits * 1_000_000
        for number in range(RATE * PART_S):
            frame = chain[-1].pull()
            assert isinstance(frame, av.VideoFrame)
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with av.open(str(path), "w", options={"movflags": "faststart"}) as out:
        copied: av.VideoStream | None = None
        for turn in range(SECONDS // PART_S):
            with av.open(str(part)) as source:
                track = source.streams.video[0]
                copied = copied or out.add_stream_from_template(track)
                assert track.time_base
                later = round(turn * PART_S / track.time_base)
                for packet in source.demux(track):
                    if packet.dts is not None and packet.pts is not None:
                        packet.pts, packet.dts, packet.stream = packet.pts + later, packet.dts + later, copied
                        out.mux(packet)
