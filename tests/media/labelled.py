"""Labelled clips: scenes that are drawn, and scenes of FFmpeg's own sources, with a cut, black, frozen, or neither.

Scenes move in all the ways that are taken for cuts or for stills; each clip has a rate and a quality of its own.
"""

import io
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from random import Random

import av
from av.filter import Graph
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter

LABELS = ("cut", "black", "frozen", "none")
SIZE = (160, 120)
Frames = Iterator[Image.Image]


@dataclass(frozen=True)
class Labelled:
    """`start` and `end` of what the label says, in seconds; both 0 where it is `none`."""

    label: str
    note: str
    clip: bytes
    seconds: float
    start: float
    end: float


def texture(random: Random) -> Image.Image:
    """A still world, two and a half times as large as a picture of it."""
    width, height = (round(side * 2.5) for side in SIZE)
    kind = random.choice(("grain", "clouds", "shapes"))
    if kind == "shapes":
        world = Image.new("RGB", (width, height), _colour(random))
        pen = ImageDraw.Draw(world)
        for _ in range(120):
            x, y, r = random.randrange(width), random.randrange(height), random.randrange(4, 30)
            shape = pen.ellipse if random.random() < 0.5 else pen.rectangle
            shape((x - r, y - r, x + r, y + r), fill=_colour(random))
        return world
    scale = 1 if kind == "grain" else random.choice((8, 16))
    grain = _grain(random, (width // scale, height // scale), random.uniform(60, 120))
    world = grain.resize((width, height), Image.Resampling.BICUBIC)
    return world.filter(ImageFilter.GaussianBlur(1.2)) if kind == "grain" else world


def _grain(random: Random, size: tuple[int, int], spread: float) -> Image.Image:
    """Around 128. Pillow's own noise would be another one each time."""
    noise = Image.frombytes("RGB", size, random.randbytes(3 * size[0] * size[1]))
    return noise.point(lambda value: 128 + (value - 128) * spread / 74)


def _colour(random: Random) -> tuple[int, int, int]:
    return random.randrange(256), random.randrange(256), random.randrange(256)


def _part(world: Image.Image, x: float, y: float, scale: float = 1.0) -> Image.Image:
    data = (scale, 0, x, 0, scale, y)
    return world.transform(SIZE, Image.Transform.AFFINE, data, Image.Resampling.BILINEAR)


def pan(random: Random, rate: int, widths_a_second: float = 0.2) -> Frames:
    world, x, step = texture(random), 0.0, SIZE[0] * widths_a_second / rate
    room = world.width - SIZE[0] - 1
    while True:
        yield _part(world, room - abs(room - x % (2 * room)), SIZE[1] * 0.7)
        x += step


def fast_pan(random: Random, rate: int) -> Frames:
    return pan(random, rate, random.uniform(1.5, 3.0))


def slow_motion(random: Random, rate: int) -> Frames:
    return pan(random, rate, 0.1)


def zoom(random: Random, rate: int) -> Frames:
    world, scale = texture(random), 1.4
    while True:
        yield _part(world, 40, 30, scale)
        scale *= 1 - 0.25 / rate


def shake(random: Random, rate: int) -> Frames:
    world = texture(random)
    while True:
        yield _part(world, 100 + random.uniform(-6, 6), 80 + random.uniform(-6, 6))


def walker(random: Random, rate: int, light: float = 1.0) -> Frames:
    scene, t = _part(texture(random), 60, 40), 0.0
    while True:
        picture = scene.copy()
        pen, x, swing = ImageDraw.Draw(picture), SIZE[0] * (0.5 + 0.3 * math.sin(t)), 12 * math.sin(t * 7)
        pen.ellipse((x - 7, 24, x + 7, 38), fill=(210, 170, 140))
        pen.rectangle((x - 9, 38, x + 9, 72), fill=(40, 60, 150))
        for way in (-1, 1):
            pen.line((x, 72, x + way * swing, 108), fill=(20, 20, 20), width=5)
            pen.line((x, 44, x - way * swing, 66), fill=(210, 170, 140), width=4)
        yield ImageEnhance.Brightness(picture).enhance(light)
        t += 1 / rate


def dark_walker(random: Random, rate: int) -> Frames:
    return walker(random, rate, random.uniform(0.25, 0.4))


def living(random: Random, rate: int) -> Frames:
    """Nothing moves but the grain, which is enough to say that it was filmed."""
    scene = _part(texture(random), 60, 40)
    while True:
        yield ImageChops.add(scene, _grain(random, SIZE, 24), 1, -128)


DRAWN: tuple[Callable[[Random, int], Frames], ...] = (
    *(pan, fast_pan, slow_motion, zoom, shake, walker, dark_walker, living),
)
SOURCES = ("testsrc2", "mandelbrot", "gradients", "testsrc", "cellauto", "life")


# What its seed leaves open is another one each time.
_SEEDED_GRADIENTS = ":speed=0.1:nb_colors=4:c0=#ff2020:c1=#20ff20:c2=#2020ff:c3=#ffff20:x0=0:y0=0:x1=159:y1=119"


def generated(source: str) -> Callable[[Random, int], Frames]:
    def scene(random: Random, rate: int) -> Frames:
        graph, args = Graph(), f"size={SIZE[0]}x{SIZE[1]}:rate={rate}"
        if source in ("gradients", "cellauto", "life"):
            args += f":seed={random.randrange(1000)}"
        args += {"life": ":mold=10:life_color=#c83232", "gradients": _SEEDED_GRADIENTS}.get(source, "")
        steps = [graph.add(source, args), graph.add("format", "rgb24"), graph.add("buffersink")]
        for before, after in pairwise(steps):
            before.link_to(after)
        graph.configure()
        # Some begin with a picture of their own.
        graph.pull()
        while isinstance(frame := graph.pull(), av.VideoFrame):
            yield frame.to_image()  # type: ignore[no-untyped-call]

    scene.__name__ = source
    return scene


def _flashes(frames: list[Image.Image], random: Random) -> None:
    for at in (len(frames) // 3, len(frames) * 2 // 3):
        frames[at] = ImageChops.add(frames[at], Image.new("RGB", SIZE, (130, 130, 130)))


def _fades_in(frames: list[Image.Image], random: Random) -> None:
    for at in range(length := len(frames) // 3):
        frames[at] = ImageEnhance.Brightness(frames[at]).enhance((at + 1) / (length + 1))


def _breathes(frames: list[Image.Image], random: Random) -> None:
    for at, frame in enumerate(frames):
        frames[at] = ImageEnhance.Brightness(frame).enhance(0.8 + 0.2 * math.cos(6.28 * at / len(frames)))


def _dissolves(frames: list[Image.Image], random: Random) -> None:
    other, middle, length = _part(texture(random), 30, 30), len(frames) // 2, len(frames) // 4
    for at in range(middle, len(frames)):
        frames[at] = Image.blend(frames[at], other, min(1.0, (at - middle) / length) * 0.8)


EFFECTS = (None, _flashes, _fades_in, _breathes, _dissolves)


def defocused(seed: int) -> Labelled:
    """A scene with fine detail, out of focus for a second, at a varying rate: every third frame is missing."""
    random, rate = Random(seed), 30
    frames = list(islice(generated("testsrc2")(random, rate), 90))
    for at in range(30, 60):
        frames[at] = frames[at].filter(ImageFilter.GaussianBlur(2.5))
    kept = [at for at in range(90) if at % 3 != 1]
    clip = encoded([frames[at] for at in kept], rate, 23, kept)
    return Labelled("blurred", f"{seed} blurred", clip, 3.0, 1.0, 2.0)


def labelled(seed: int, scenes: tuple[Callable[[Random, int], Frames], ...]) -> Labelled:
    random, label = Random(seed), LABELS[seed % 4]
    rate, quality = random.choice((12, 15, 24, 25, 30)), random.choice((18, 23, 28, 32))
    # Each scene is used for each label.
    at = seed // 4
    scene, other = scenes[at % len(scenes)], scenes[(at + random.randrange(1, len(scenes))) % len(scenes)]
    count = round(random.uniform(2.0, 2.4) * rate)
    start, end, moving, effect = 0, 0, scene(random, rate), None
    frames = list(islice(moving, count))
    if label == "cut":
        start = end = random.choice((3, count // 3, count // 2, count - 3))
        frames[start:] = list(islice(other(random, rate), count - start))
    elif label == "black":
        start = random.choice((0, count // 3, count - rate // 2))
        end = start + rate // 2
        frames[start:end] = [Image.new("RGB", SIZE)] * (end - start)
    elif label == "frozen":
        start = random.choice((1, count // 3, count - round(rate * 0.8)))
        end = start + round(rate * 0.8)
        # What moves has waited, or has gone on behind it.
        after = frames[start + 1 : start + 1 + count - end] if random.random() < 0.5 else frames[end:]
        frames = [*frames[:start], *[frames[start]] * (end - start), *after]
    elif effect := random.choice(EFFECTS):
        effect(frames, random)
    names = f"{scene.__name__} {other.__name__ if label == 'cut' else getattr(effect, '__name__', '')}"
    note = f"{seed} {label} {names} {rate} fps, crf {quality}"
    return Labelled(label, note, encoded(frames, rate, quality), count / rate, start / rate, end / rate)


def encoded(
    frames: Sequence[Image.Image],
    rate: int,
    quality: int,
    shown: Sequence[int] = (),
    options: dict[str, str] | None = None,
) -> bytes:
    """`shown`: which of a steady clip's frames they are, if not all."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as made:
        stream = made.add_stream(
            "libx264", Fraction(rate), {"crf": str(quality), "preset": "veryfast"} | (options or {})
        )
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for at, frame in zip(shown or range(len(frames)), frames, strict=True):
            picture = av.VideoFrame.from_image(frame)  # type: ignore[no-untyped-call]
            picture.pts, picture.time_base = at, Fraction(1, rate)
            made.mux(stream.encode(picture))
        made.mux(stream.encode(None))
    return file.getvalue()
