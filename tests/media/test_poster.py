import io
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tests.media.clips import FASTSTART, FRAGMENTED, clip, rotated
from tests.media.test_pictures import picture
from wanstudio.media.errors import MediaError, MediaProblem
from wanstudio.media.pictures.frames import clip_poster
from wanstudio.media.pictures.stills import decode_picture
from wanstudio.media.probe import probe_video, verify_video


def shown(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    assert image.format == "JPEG"
    assert image.mode == "RGB"
    return image


@pytest.mark.parametrize(("size", "shrunk"), [((1600, 800), (720, 360)), ((90, 1440), (45, 720)), ((64, 48), (64, 48))])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_pictures(kind: str, size: tuple[int, int], shrunk: tuple[int, int]) -> None:
    assert shown(decode_picture(io.BytesIO(picture(kind, size)))[1]).size == shrunk


def test_pictures_stand_upright() -> None:
    image = Image.new("RGB", (900, 300), "blue")
    image.paste("red", (0, 0, 450, 300))
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)
    upright = shown(decode_picture(out)[1])
    assert upright.size == (240, 720)
    red, _, blue = upright.getpixel((120, 100))  # type: ignore[misc]
    assert red > blue
    assert not upright.getexif()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_becomes_white(mode: str) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).convert(mode).save(out, "PNG", transparency=0 if mode == "P" else None)
    assert shown(decode_picture(out)[1]).getpixel((10, 10)) == (255, 255, 255)


@pytest.mark.parametrize("options", [{}, FASTSTART, FRAGMENTED])
def test_clips(options: dict[str, str]) -> None:
    image = shown(clip_poster(io.BytesIO(clip(1, size=(960, 540), options=options))))
    assert image.size == (720, 405)
    red, _, blue = image.getpixel((5, 5))  # type: ignore[misc]
    assert red > 200 > blue


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_clips_are_turned_as_they_are_displayed(degrees: int) -> None:
    data = rotated(clip(0.5), degrees)
    facts = probe_video(io.BytesIO(data), decode=False)
    assert shown(clip_poster(io.BytesIO(data))).size == (facts.width, facts.height)


def test_uploads_of_django() -> None:
    upload = SimpleUploadedFile("motion.mp4", clip(0.5))
    assert probe_video(upload, decode=True).duration == 0.5
    assert shown(clip_poster(upload)).size == (64, 48)
    upload = SimpleUploadedFile("character.png", picture("PNG"))
    assert shown(decode_picture(upload)[1]).size == (300, 200)


def test_no_poster_of_something_else() -> None:
    with pytest.raises(MediaError):
        decode_picture(io.BytesIO(b"%PDF-1.4 and no more"))
    with pytest.raises(MediaError):
        clip_poster(io.BytesIO(b"%PDF-1.4 and no more"))
    with pytest.raises(MediaError):
        clip_poster(io.BytesIO(clip(video=False, audio=True)))


class TestVerify:
    def verify(self, folder: Path, data: bytes) -> float:
        path = folder / "result.mp4"
        path.write_bytes(data)
        with path.open("rb") as file:
            return verify_video(file)[0].duration

    @pytest.mark.parametrize("options", [{}, FASTSTART, FRAGMENTED])
    @pytest.mark.parametrize("seconds", [0.1, 2.0, 31.0])
    def test_whole_results(self, tmp_path: Path, options: dict[str, str], seconds: float) -> None:
        assert self.verify(tmp_path, clip(seconds, options=options, gop=250)) == pytest.approx(seconds, abs=0.01)

    def test_a_result_with_sound(self, tmp_path: Path) -> None:
        assert self.verify(tmp_path, clip(3, audio=True)) == pytest.approx(3.02, abs=0.01)

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"", MediaProblem.EMPTY),
            (b"<!DOCTYPE html><title>502</title>", MediaProblem.NOT_A_VIDEO),
            (clip(1)[:-100], MediaProblem.TRUNCATED),
            (clip(1, container="mov"), MediaProblem.WRONG_FORMAT),
            (clip(1, container="webm", codec="libvpx"), MediaProblem.WRONG_FORMAT),
            (clip(video=False, audio=True), MediaProblem.NO_VIDEO),
        ],
    )
    def test_what_is_no_result(self, tmp_path: Path, data: bytes, code: MediaProblem) -> None:
        with pytest.raises(MediaError) as caught:
            self.verify(tmp_path, data)
        assert caught.value.code == code
        assert "deliver" in caught.value.sentence

    def test_a_result_whose_end_is_zeros(self, tmp_path: Path) -> None:
        data = clip(20, options=FASTSTART, gop=10)
        start = data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 4
        with pytest.raises(MediaError, match="cannot be played"):
            self.verify(tmp_path, data[:start] + bytes(len(data) - start))
