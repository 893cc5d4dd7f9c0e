"""Sound of a cut: what is heard between two times, sample for sample, as frames for an AAC encoder."""

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction

import av
from av.audio.fifo import AudioFifo
from av.audio.resampler import AudioResampler
from av.container import InputContainer

SOUND_RATE = 48_000
SOUND_FRAME = 1024
# An encoder begins with as many samples of nothing. They take the place of the first ones of the sound; the other way,
# an edit list that hides them, makes some players start late.
_PRIMING = SOUND_FRAME
# Less is rounding of time stamps; more is a gap, or sound that is there twice.
_GAP = 2 * SOUND_FRAME
_BEFORE_S = 1


def sound_in(source: InputContainer, start: Fraction, length: Fraction) -> Iterator[av.AudioFrame]:
    """Whole frames of the first sound track, in step with a picture that begins at `start` and lasts `length` seconds.

    What cannot be decoded is left out: a picture without the rest of its sound is still what is paid for.
    """
    track = next(iter(source.streams.audio), None)
    if track is None or getattr(track, "codec_context", None) is None:
        return
    with suppress(av.FFmpegError):
        source.seek(max(0, int((start - _BEFORE_S) / (track.time_base or 1))), stream=track)
    fifo, position = AudioFifo(), 0
    # One frame less: the encoder adds the one that it begins with, and no sound is longer than its picture.
    frames = int(length * SOUND_RATE) // SOUND_FRAME - 1
    for chunk in _in_step(source, start):
        fifo.write(chunk)
        while position < frames and (frame := fifo.read(SOUND_FRAME)):
            position += 1
            frame.pts, frame.time_base = position * SOUND_FRAME, Fraction(1, SOUND_RATE)
            yield frame
        if position >= frames:
            return


def _in_step(source: InputContainer, start: Fraction) -> Iterator[av.AudioFrame]:
    """Sound without gaps, from its first sample that is heard after the priming."""
    at = _PRIMING
    for frame in _resampled(source):
        begins = round((Fraction(frame.pts or 0) * (frame.time_base or Fraction(1, SOUND_RATE)) - start) * SOUND_RATE)
        if begins - at > _GAP or (begins > at and at == _PRIMING):
            yield _silence(frame, begins - at)
            at = begins
        surplus = at - begins if at - begins > _GAP or at == _PRIMING else 0
        if surplus >= frame.samples:
            continue
        kept = _without(frame, surplus)
        at += kept.samples
        yield kept


def _resampled(source: InputContainer) -> Iterator[av.AudioFrame]:
    track = source.streams.audio[0]
    resampler: AudioResampler | None = None
    with suppress(av.FFmpegError):
        for frame in source.decode(track):
            if frame.pts is None:
                continue
            if resampler is None:
                layout = "mono" if frame.layout.nb_channels == 1 else "stereo"
                resampler = AudioResampler(format="fltp", layout=layout, rate=SOUND_RATE)
            yield from resampler.resample(frame)


def _silence(like: av.AudioFrame, samples: int) -> av.AudioFrame:
    frame = av.AudioFrame(format="fltp", layout=like.layout.name, samples=samples)
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    frame.sample_rate = SOUND_RATE
    return frame


def _without(frame: av.AudioFrame, samples: int) -> av.AudioFrame:
    """The same without its first samples."""
    frame.pts = None
    if not samples:
        return frame
    fifo = AudioFifo()
    fifo.write(frame)
    fifo.read(samples)
    kept = fifo.read(frame.samples - samples)
    if kept is None:
        raise EOFError("the sound ends too early")
    kept.pts = None
    return kept
