"""Cuts: forty kinds of clips, three spans each, measured by FFmpeg as a provider would measure them."""

import io
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import pytest
from PIL import Image, ImageDraw

from wanstudio.media import cutting
from wanstudio.media.cutting.clip_cut import cut_clip
from wanstudio.media.errors import MediaError
from wanstudio.media.probe import probe_video

BITS, BLOCK, SECONDS = 10, 16, 3
NTSC = {"23.976": Fraction(24000, 1001), "29.97": Fraction(30000, 1001), "59.94": Fraction(60000, 1001)}
UPRIGHT = (1, 0, 0, 1)


@dataclass(frozen=True)
class Kind:
    """How a clip is made. `sound` in seconds, 0 for none; `late_s` is how much later the sound begins."""

    rate: Fraction = Fraction(30)
    container: str = "mp4"
    options: dict[str, str] = field(default_factory=dict)
    codec: dict[str, str] = field(default_factory=lambda: {"bf": "3"})
    matrix: tuple[int, int, int, int] = UPRIGHT
    pixel: Fraction = Fraction(1)
    varying: bool = False
    sound: float = 0.0
    late_s: float = 0.0


RATES = {name: Fraction(name) for name in ("24", "25", "30", "50", "60", "12")} | NTSC
KINDS = {f"rate {name}": Kind(rate, sound=SECONDS) for name, rate in RATES.items()}
KINDS |= {f"rate {name}, B-frames off": Kind(rate, codec={"bf": "0"}) for name, rate in list(RATES.items())[:4]}
KINDS |= {f"mov {name}": Kind(rate, container="mov", sound=SECONDS) for name, rate in NTSC.items()}
KINDS |= {
    "variable rate": Kind(varying=True),
    "variable rate with sound": Kind(varying=True, sound=SECONDS),
    "variable rate at 60": Kind(Fraction(60), varying=True, container="mov"),
    "fragmented": Kind(options={"movflags": "frag_keyframe+empty_moov"}, codec={"bf": "0"}),
    "fragmented, late index": Kind(options={"movflags": "frag_keyframe+delay_moov"}, sound=SECONDS),
    "sparse keyframes": Kind(Fraction(50), codec={"bf": "2", "g": "125"}),
    "index in front": Kind(options={"movflags": "faststart"}, sound=SECONDS),
    "no edit list": Kind(options={"use_editlist": "0"}),
    "one keyframe": Kind(codec={"bf": "3", "g": "1000"}, sound=SECONDS),
    "keyframes only": Kind(codec={"bf": "0", "g": "1"}),
    "open groups": Kind(codec={"bf": "3", "g": "15", "x264-params": "open-gop=1"}),
    "sound shorter": Kind(sound=1.2),
    "sound longer": Kind(sound=4.5),
    "sound later": Kind(sound=2.0, late_s=0.7),
    "sound later, edit list": Kind(sound=2.5, late_s=0.2, container="mov"),
    "wide pixels": Kind(pixel=Fraction(4, 3)),
    "narrow pixels": Kind(pixel=Fraction(8, 9), sound=SECONDS),
}
KINDS |= {
    f"turned {matrix}": Kind(matrix=matrix, sound=SECONDS)
    for matrix in (
        *((0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0)),
        *((-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0)),
    )
}
SIZE = (BITS * BLOCK, 6 * BLOCK)


def numbered(number: int) -> Image.Image:
    """A frame that says its number in black and white blocks of its upper left; red below, so that a turn shows."""
    image = Image.new("RGB", SIZE, (255, 0, 0))
    draw = ImageDraw.Draw(image)
    for bit in range(BITS):
        shade = (255, 255, 255) if number >> bit & 1 else (0, 0, 0)
        draw.rectangle((bit * BLOCK, 0, (bit + 1) * BLOCK - 1, 2 * BLOCK - 1), fill=shade)
    return image


def number_in(image: Image.Image) -> int:
    grey = image.convert("L").resize(SIZE)
    return sum(1 << bit for bit in range(BITS) if grey.tobytes()[BLOCK * SIZE[0] + bit * BLOCK + BLOCK // 2] > 127)


def times(kind: Kind) -> list[Fraction]:
    """When each frame begins, in seconds; of a changing rate every third one is missing."""
    count = round(SECONDS * kind.rate)
    return [number / kind.rate for number in range(count) if not (kind.varying and number % 3 == 1)]


def made(kind: Kind) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder, "clip")
        with av.open(path, "w", format=kind.container, options=kind.options) as target:
            video = target.add_stream("libx264", rate=kind.rate, options={"crf": "18", **kind.codec})
            video.width, video.height = SIZE
            video.pix_fmt = "yuv420p"
            video.codec_context.sample_aspect_ratio = kind.pixel
            video.codec_context.time_base = 1 / (kind.rate * 1000)
            audio = target.add_stream("aac", rate=48000, layout="mono") if kind.sound else None
            for number, begins in enumerate(times(kind)):
                frame = av.VideoFrame.from_image(numbered(number))  # type: ignore[no-untyped-call]
                frame.pts, frame.time_base = round(begins * kind.rate * 1000), 1 / (kind.rate * 1000)
                target.mux(video.encode(frame))
            target.mux(video.encode())
            for block in range(round(kind.sound * 48000 / 1024)) if audio else ():
                tone = av.AudioFrame(format="s16", layout="mono", samples=1024)
                tone.planes[0].update((b"\x00\x20\x00\xe0" * 512) if block % 10 < 5 else bytes(2048))
                tone.sample_rate, tone.pts = 48000, block * 1024 + round(kind.late_s * 48000)
                tone.time_base = Fraction(1, 48000)
                assert audio
                target.mux(audio.encode(tone))
            if audio:
                target.mux(audio.encode())
        data = path.read_bytes()
    if kind.matrix == UPRIGHT:
        return data
    a, b, c, d = kind.matrix
    numbers = (a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    upright = b"".join(part.to_bytes(4, "big", signed=True) for part in (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30))
    place = data.index(upright, data.index(b"tkhd"))
    return data[:place] + b"".join(part.to_bytes(4, "big", signed=True) for part in numbers) + data[place + 36 :]


def upright_again(image: Image.Image, matrix: tuple[int, ...]) -> Image.Image:
    """The frame as it was drawn, from the one that a player shows."""
    ways: dict[tuple[int, ...], Image.Transpose] = {
        (0, 1, -1, 0): Image.Transpose.ROTATE_90,
        (-1, 0, 0, -1): Image.Transpose.ROTATE_180,
        (0, -1, 1, 0): Image.Transpose.ROTATE_270,
        (-1, 0, 0, 1): Image.Transpose.FLIP_LEFT_RIGHT,
        (1, 0, 0, -1): Image.Transpose.FLIP_TOP_BOTTOM,
        (0, 1, 1, 0): Image.Transpose.TRANSPOSE,
        (0, -1, -1, 0): Image.Transpose.TRANSVERSE,
    }
    back = ways.get(matrix)
    return image if back is None else image.transpose(back)


@pytest.mark.parametrize("name", KINDS)
def test_cut_is_what_the_handles_say(name: str) -> None:
    kind = KINDS[name]
    data, begins = made(kind), times(kind)
    before = bytes(data)
    ends = begins[-1] + 1 / kind.rate
    for first, last in ((0, len(begins) - 1), (7, 19), (len(begins) // 2, len(begins) - 1)):
        start = round(float(begins[first]), 3)
        end = round(float(begins[last + 1] if last + 1 < len(begins) else ends), 3)
        out = io.BytesIO()
        cut_clip((io.BytesIO(data), io.BytesIO(data)), out, start, end)
        assert probe_video(out, decode=True).duration == pytest.approx(end - start, abs=0.0005), (start, end)
        out.seek(0)
        with av.open(out, "r", format="mov", options={"ignore_editlist": "1"}) as cut:
            assert (cut.start_time, [stream.start_time for stream in cut.streams]) == (0, [0] * len(cut.streams))
            assert float(Fraction(cut.duration or 0, av.time_base)) == pytest.approx(end - start, abs=0.001)
            for sound in cut.streams.audio:
                assert float((sound.duration or 0) * (sound.time_base or 0)) <= end - start + 0.0005
            shown = [frame.to_image() for frame in cut.decode(video=0)]  # type: ignore[no-untyped-call]
        width, height = round(SIZE[0] * kind.pixel / 2) * 2, SIZE[1]
        assert shown[0].size == ((height, width) if kind.matrix[0] == 0 else (width, height))
        numbers = [number_in(upright_again(image, kind.matrix)) for image in shown]
        assert numbers == list(range(first, last + 1))
    assert data == before


def test_forty_kinds() -> None:
    assert len(KINDS) >= 40


@pytest.mark.parametrize("late_s", [0.0, 0.5])
def test_sound_stays_in_step(late_s: float) -> None:
    """The tone begins where it did, to a few milliseconds."""
    data = made(Kind(sound=2.5, late_s=late_s))
    out = io.BytesIO()
    cut_clip((io.BytesIO(data), io.BytesIO(data)), out, 0.3, 2.9)
    out.seek(0)
    heard: list[float] = []
    with av.open(out, "r", format="mov") as cut:
        for frame in cut.decode(audio=0):
            loud = [max(memoryview(plane).cast("f")[: frame.samples]) > 0.05 for plane in frame.planes]
            heard += [float(frame.time or 0)] * any(loud)
    # Five blocks of tone, five of silence: 0.1067 s each.
    period, half = 10 * 1024 / 48000, 5 * 1024 / 48000
    expected = [late_s + period * number - 0.3 for number in range(20)]
    onsets = [now for before, now in pairwise(heard) if now - before > half * 0.6]
    assert len(onsets) >= 5
    for onset in onsets:
        assert min(abs(onset - begins) for begins in expected) < 0.03


def test_span_without_a_picture_is_refused() -> None:
    data = made(Kind())
    for start, end in ((1.0, 1.0), (2.0, 1.0)):
        with pytest.raises(MediaError):
            cut_clip((io.BytesIO(data), io.BytesIO(data)), io.BytesIO(), start, end)


def test_isolated_process_cuts_into_a_file(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(made(Kind(sound=SECONDS)))
    cutting.cut(tmp_path / "clip.mp4", tmp_path / "cut.mp4", 0.5, 2)
    with (tmp_path / "cut.mp4").open("rb") as file:
        assert probe_video(file, decode=True).duration == 1.5
    (tmp_path / "clip.mp4").write_bytes(b"no clip")
    with pytest.raises(MediaError):
        cutting.cut(tmp_path / "clip.mp4", tmp_path / "cut.mp4", 0.5, 2)
