"""The samples that come with the studio: they are what the script draws, and small."""

import io
from itertools import islice
from pathlib import Path

import av
import pytest
from PIL import Image

from tests.provider.sandbox.conftest import SAMPLES
from tools.samples.scenes import draw_mira, place, walk_frames
from wanstudio.keys import in_force
from wanstudio.media.pictures.stills import decode_picture
from wanstudio.media.probe import probe_video
from wanstudio.uploads.preflight import findings
from wanstudio.uploads.queries import probe_file


def test_sample_clip_is_five_seconds_of_portrait_with_sound() -> None:
    with (SAMPLES / "walk.mp4").open("rb") as file:
        facts = probe_video(file, decode=True)
    assert facts.duration == pytest.approx(5.0, abs=0.01)
    assert (facts.width, facts.height, facts.fps, facts.codec, facts.has_audio) == (720, 1280, 30, "h264", True)
    assert facts.size_bytes < 400_000
    with av.open(str(SAMPLES / "walk.mp4")) as film:
        assert sum(1 for _ in film.decode(video=0)) == 150


def test_sample_character_has_the_size_that_the_script_draws() -> None:
    with (SAMPLES / "mira.png").open("rb") as file:
        facts, _ = decode_picture(file)
    assert (facts.format, facts.width, facts.height) == ("PNG", 648, 1152)
    assert draw_mira().size == (648, 1152)


@pytest.mark.parametrize(
    ("name", "size", "limit"),
    [
        ("evening.jpg", (1440, 1800), 250_000),
        ("walk.jpg", (405, 720), 60_000),
        ("mira-thumb.jpg", (176, 176), 15_000),
        ("walk-thumb.jpg", (176, 176), 15_000),
        ("result-thumb.jpg", (176, 176), 15_000),
    ],
)
def test_pictures_of_the_pages_are_small(name: str, size: tuple[int, int], limit: int) -> None:
    path: Path = SAMPLES / name
    with Image.open(path) as picture:
        assert (picture.format, picture.size) == ("JPEG", size)
    assert path.stat().st_size < limit


def test_walk_is_drawn_frame_by_frame_and_ends_where_it_began() -> None:
    first, second = islice(walk_frames(), 2)
    assert first.size == (720, 1280)
    assert first.tobytes() != second.tobytes()
    assert place(0.1) == pytest.approx(place(1.1))


@pytest.mark.parametrize("behaviour", ["animate", "replace"])
def test_samples_begin_without_a_warning(behaviour: str) -> None:
    facts = [
        probe_file(kind, io.BytesIO((SAMPLES / name).read_bytes()))[0]
        for kind, name in (("character", "mira.png"), ("motion", "walk.mp4"))
    ]
    assert findings(facts[0], facts[1], behaviour, in_force.model().inputs) == []
