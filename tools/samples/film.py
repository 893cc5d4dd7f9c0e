"""Writes drawn frames as an MP4 with a quiet beat under them."""

import math
from array import array
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

from wanstudio.provider.sandbox.stand_in_video import to_frame

RATE = 48000
BEAT_S = 0.625


def write_film(path: Path, frames: Iterable[Image.Image], fps: int, duration: float) -> None:
    """H.264 and AAC, the index in front; `duration` in seconds is the length of the sound."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as film:
        video = film.add_stream("libx264", rate=fps, options={"crf": "23", "preset": "slow", "tune": "animation"})
        audio = film.add_stream("aac", rate=RATE, layout="mono", bit_rate=64000)
        video.pix_fmt = "yuv420p"
        for index, picture in enumerate(frames):
            if index == 0:
                video.width, video.height = picture.size
            frame = to_frame(picture)
            frame.pts, frame.time_base = index, Fraction(1, fps)
            film.mux(video.encode(frame))
        film.mux(video.encode(None))
        samples = beat(duration)
        for start in range(0, len(samples), 1024):
            piece = samples[start : start + 1024]
            sound = av.AudioFrame(format="s16", layout="mono", samples=len(piece))
            sound.planes[0].update(piece.tobytes())
            sound.rate, sound.pts, sound.time_base = RATE, start, Fraction(1, RATE)
            film.mux(audio.encode(sound))
        film.mux(audio.encode(None))


def beat(duration: float) -> "array[int]":
    """Signed 16 bit mono: a soft drum on every step and a light tick between two."""
    samples = array("h", bytes(2 * round(duration * RATE)))
    for index in range(len(samples)):
        at = index / RATE
        since = at % BEAT_S
        drum = math.sin(2 * math.pi * (52 * since + 3.2 * (1 - math.exp(-since * 30)))) * math.exp(-since * 11)
        between = (at + BEAT_S / 2) % BEAT_S
        tick = math.sin(2 * math.pi * 3100 * between) * math.exp(-between * 90)
        samples[index] = round(32767 * (0.16 * drum + 0.025 * tick))
    return samples
