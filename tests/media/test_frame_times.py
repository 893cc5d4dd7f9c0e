"""Frame times: the compact text, what is refused, the rate that is found, and what a decoder reads from a file."""

import io
from fractions import Fraction

import pytest

from tests.media.clips import FRAGMENTED, clip
from wanstudio.media.isolated import frame_times
from wanstudio.media.timing.frame_times import MAX_TEXT, FrameTimes, parse


def test_text_is_short_and_read_again() -> None:
    times = FrameTimes.of(30_000, range(0, 1001 * 3600, 1001))
    assert times.text == "30000/1001 30000 0 1001x3599"
    again = parse(times.text)
    assert again
    assert (again.rate, list(again.starts)) == (Fraction(30_000, 1001), list(times.starts))
    uneven = FrameTimes.of(1000, [0, 16, 66, 99, 99 + 17])
    assert uneven.text == "0 1000 0 16 50 33 17"
    assert uneven.timecode(0.07) == "0:00.066"


@pytest.mark.parametrize("scale", [600, 1000, 90_000])
@pytest.mark.parametrize(
    "rate", [Fraction(24_000, 1001), 24, 25, Fraction(30_000, 1001), 30, 50, Fraction(60_000, 1001), 60]
)
def test_rate_is_the_one_that_rounded_times_mean(scale: int, rate: Fraction) -> None:
    assert FrameTimes.of(scale, [round(frame * scale / rate) for frame in range(150)]).rate == rate


@pytest.mark.parametrize("milliseconds", [0, 0.4, 0.9, 20, 33])
def test_a_time_within_a_frame_or_just_before_it_is_that_frame(milliseconds: float) -> None:
    times = FrameTimes.of(30, range(60))
    assert times.at(10 / 30 - 0.0009) == 10
    assert times.at(10 / 30 + milliseconds / 1000 - 0.001) == 10
    assert (times.at(-1), times.at(99)) == (0, 59)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "30/0 1 0 1",
        "30 0 0 1",
        "30 1 0 0",
        "30 1 0 -1",
        "30 1 0 1x999999 1x999999",
        "30 1 0 1x99999999",
        "<script>",
        "3٠ 1 0 1",
        "30 1 0" + " 1" * MAX_TEXT,
    ],
)
def test_what_was_never_frame_times_is_none(text: str) -> None:
    assert parse(text) is None


def test_decoder_reads_plain_and_fragmented_clips() -> None:
    for options in (None, FRAGMENTED):
        times = parse(frame_times(io.BytesIO(clip(2.0, fps=10, options=options))))
        assert times
        apart = times.start(5) - times.start(0)
        assert (times.rate, len(times.starts)) == (Fraction(10), 20)
        assert apart == pytest.approx(0.5)
    assert frame_times(io.BytesIO(b"no clip at all")) == ""
