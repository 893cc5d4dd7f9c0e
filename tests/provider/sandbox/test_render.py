"""The videos themselves: real, of the right length and size, with sound, moving, and cut out where that is possible."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image, ImageChops, ImageStat

from tests.media.clips import boxes, clip, rotated
from tests.pictures import noise
from tests.provider.sandbox.conftest import SAMPLES
from wanstudio.provider.sandbox.clip_motion import Clip, picture
from wanstudio.provider.sandbox.puppet import cut_out
from wanstudio.provider.sandbox.stand_in_video import Film, frame_size, render, timing, to_frame

MakeFilm = Callable[..., Path]


@pytest.fixture
def film(tmp_path: Path) -> MakeFilm:
    """Renders and returns the path of the result."""

    def make(
        behaviour: str, resolution: str, content: bytes, duration: float, shape: tuple[int, int], **more: object
    ) -> Path:
        source, target = tmp_path / "clip", tmp_path / f"{behaviour}.mp4"
        source.write_bytes(content)
        image = Path(str(more.get("image", SAMPLES / "mira.png")))
        render(image, source, target, Film(behaviour, resolution, duration, float(str(more.get("fps", 12))), shape))
        return target

    return make


def pictures(path: Path) -> list[Image.Image]:
    with av.open(str(path)) as opened:
        return [picture(frame, (frame.width, frame.height)) for frame in opened.decode(video=0)]


def difference(a: Image.Image, b: Image.Image) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(a, b)).mean)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sample made both ways, once for all tests here."""
    made = {}
    for behaviour, resolution in (("animate", "480p"), ("replace", "720p")):
        made[behaviour] = tmp_path_factory.mktemp("samples") / f"{behaviour}.mp4"
        order = Film(behaviour, resolution, 5.0, 30.0, (720, 1280))
        render(SAMPLES / "mira.png", SAMPLES / "walk.mp4", made[behaviour], order)
    return made


@pytest.mark.parametrize(("behaviour", "size"), [("animate", (480, 854)), ("replace", (720, 1280))])
def test_sample_has_its_format_length_size_and_motion(
    samples: dict[str, Path], behaviour: str, size: tuple[int, int]
) -> None:
    path = samples[behaviour]
    with av.open(str(path)) as opened:
        video, audio = opened.streams.video[0], opened.streams.audio[0]
        assert (video.codec.canonical_name, video.pix_fmt) == ("h264", "yuv420p")
        assert (video.width, video.height) == size
        assert video.average_rate == Fraction(30)
        assert audio.codec.canonical_name == "aac"
        assert opened.duration
        assert opened.duration / 1_000_000 == pytest.approx(5.0, abs=0.05)
        assert audio.duration
        assert audio.time_base
        assert float(audio.duration * audio.time_base) == pytest.approx(5.0, abs=0.1)
    kinds = [kind for kind, _, _ in boxes(path.read_bytes())]
    assert kinds.index("moov") < kinds.index("mdat")
    made = pictures(path)
    assert len(made) == 150
    assert min(difference(made[i], made[i + 5]) for i in range(0, 140, 5)) > 0.5


def coat(image: Image.Image) -> tuple[float, float]:
    """The middle of what is red like Mira's coat, in shares of the frame; and how much of the frame that is."""
    red, green, blue = image.resize((96, 160), Image.Resampling.BOX).split()
    much = ImageChops.subtract(red, ImageChops.lighter(green, blue)).point(lambda v: 255 if v > 90 else 0)
    columns = much.resize((96, 1), Image.Resampling.BOX).tobytes()
    total = sum(columns)
    return sum(i * v for i, v in enumerate(columns)) / total / 96, total / 255 / 96


def test_character_goes_where_the_walker_goes(samples: dict[str, Path]) -> None:
    for behaviour, path in samples.items():
        made = pictures(path)
        right, left = coat(made[36])[0], coat(made[110])[0]
        assert right > 0.58, behaviour
        assert left < 0.42, behaviour
        assert all(coat(image)[1] > 0.03 for image in made[::10])


def test_replace_takes_the_walker_out(samples: dict[str, Path]) -> None:
    made = pictures(samples["replace"])
    with_mira, without_mira, again = (made[i].crop((470, 450, 620, 900)) for i in (36, 105, 110))
    assert difference(with_mira, without_mira) > 20
    # Both are the empty street: nobody left a trace where Mira is not.
    assert difference(without_mira, again) < 1


def test_scene_moves_on_behind_the_character_where_the_camera_moves(film: MakeFilm, tmp_path: Path) -> None:
    wall = noise((50, 12), 200).resize((500, 120), Image.Resampling.NEAREST).convert("RGB")
    with av.open(str(tmp_path / "pan.mp4"), "w") as target:
        stream = target.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = 120, 120, "yuv420p"
        for index in range(12):
            target.mux(stream.encode(to_frame(wall.crop((30 * index, 0, 30 * index + 120, 120)))))
        target.mux(stream.encode())
    made = pictures(film("replace", "480p", (tmp_path / "pan.mp4").read_bytes(), 1.0, (120, 120)))
    corners = [image.crop((0, 0, 100, 100)) for image in made]
    assert min(difference(corners[i], corners[i + 1]) for i in range(11)) > 10


@pytest.mark.parametrize(
    ("duration", "fps", "shape"), [(0.5, 12, (96, 64)), (3.2, 5, (64, 96)), (2.0, 60, (200, 64)), (1.0, 25, (64, 64))]
)
def test_length_and_sides_are_those_of_the_clip(
    film: MakeFilm, duration: float, fps: int, shape: tuple[int, int]
) -> None:
    content = clip(duration, fps=fps, size=shape)
    path = film("replace", "480p", content, duration, shape, fps=fps)
    with av.open(str(path)) as opened:
        video = opened.streams.video[0]
        assert opened.duration
        assert opened.duration / 1_000_000 == pytest.approx(duration, abs=0.1)
        assert min(video.width, video.height) == 480
        assert video.width / video.height == pytest.approx(shape[0] / shape[1], rel=0.01)
        assert not opened.streams.audio
        assert video.average_rate is not None
        assert 12 <= video.average_rate <= 30


@pytest.mark.parametrize("fps", [0.5, 11, 24, 29.97, 59.94, 240])
def test_clip_over_two_minutes_is_cut_there(fps: float) -> None:
    duration, rate, count = timing(Film("animate", "480p", 600.0, fps, (64, 64)))
    assert duration == 120
    assert count / rate == pytest.approx(120, abs=0.05)


def test_clip_with_a_rotation_is_read_upright(tmp_path: Path) -> None:
    """A clip whose left half is red, turned a quarter clockwise by its header, shows red at the top."""
    plain, turned = tmp_path / "plain.mp4", tmp_path / "turned.mp4"
    halves = Image.new("RGB", (128, 64), (0, 0, 255))
    halves.paste((255, 0, 0), (0, 0, 64, 64))
    with av.open(str(plain), "w") as target:
        stream = target.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 128, 64, "yuv420p"
        for _ in range(5):
            target.mux(stream.encode(to_frame(halves)))
        target.mux(stream.encode())
    turned.write_bytes(rotated(plain.read_bytes(), 90))
    upright = picture(next(Clip(turned, (64, 128), Fraction(10), 1).frames()), (64, 128))
    assert upright.size == (64, 128)
    top, bottom = upright.getpixel((32, 20)), upright.getpixel((32, 108))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 150 > top[2]
    assert bottom[2] > 150 > bottom[0]


@pytest.mark.parametrize(
    ("ratio", "size"),
    [((1024, 1536), (720, 1080)), ((1920, 1080), (1280, 720)), ((500, 499), (722, 720)), ((9, 1), (3600, 720))],
)
def test_sides_are_even_and_the_short_one_exact(ratio: tuple[int, int], size: tuple[int, int]) -> None:
    assert frame_size(ratio, 720) == size


def test_figure_is_cut_out_of_a_calm_background() -> None:
    with Image.open(SAMPLES / "mira.png") as opened:
        mira = opened.convert("RGB").resize((405, 720))
    cutout = cut_out(mira)
    assert cutout.found
    assert 80 <= cutout.box[0] < cutout.box[2] <= 325
    assert cutout.mask.getpixel((202, 200)) == 255, "her face"
    assert cutout.mask.getpixel((202, 580)) == 0, "between her legs"
    assert cutout.mask.getpixel((30, 30)) == 0
    red, green, _ = cutout.plate.getpixel((202, 400))  # type: ignore[misc]
    assert red - green < 110, "her coat is gone from the plate"


def test_picture_without_a_calm_background_is_used_whole(film: MakeFilm, tmp_path: Path) -> None:
    noise((400, 600), 120).convert("RGB").save(tmp_path / "noise.png")
    with Image.open(tmp_path / "noise.png") as grain:
        assert not cut_out(grain).found
    walk = (SAMPLES / "walk.mp4").read_bytes()
    for behaviour in ("animate", "replace"):
        made = pictures(film(behaviour, "480p", walk, 1.0, (720, 1280), fps=12, image=tmp_path / "noise.png"))
        assert len(made) == 12
        assert difference(made[0], made[8]) > 1


def test_transparent_picture_gets_a_plain_background(film: MakeFilm, tmp_path: Path, short_clip: bytes) -> None:
    figure = Image.new("RGBA", (300, 500))
    figure.paste((200, 40, 60, 255), (100, 60, 200, 460))
    figure.save(tmp_path / "figure.webp", lossless=True)
    made = pictures(film("animate", "480p", short_clip, 1.0, (96, 64), image=tmp_path / "figure.webp"))
    assert made[0].size == (480, 800)
    corner = made[0].getpixel((470, 10))
    assert isinstance(corner, tuple)
    assert max(corner) - min(corner) < 30
