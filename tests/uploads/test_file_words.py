"""Words for files: what a file is and what to do with it, the same by upload, by API and by link."""

import io
import struct
from zipfile import ZipFile

import pillow_heif
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from tests.api.conftest import Script, token_for
from tests.fake_apixo import FakeApixo
from tests.media.clips import clip, patched, without
from tests.page_form import text_of
from tests.pictures import picture
from wanstudio.teams.models import Team

pillow_heif.register_heif_opener()

SCRIPT = {"HX-Request": "true"}


def brand(major: str, *others: str) -> bytes:
    body = major.encode() + bytes(4) + "".join(others).encode()
    return struct.pack(">I4s", len(body) + 8, b"ftyp") + body + bytes(100)


def zipped() -> bytes:
    out = io.BytesIO()
    with ZipFile(out, "w") as archive:
        archive.writestr("walk.mp4", b"clip")
    return out.getvalue()


def half_of(data: bytes) -> bytes:
    return data[: len(data) // 2]


def jpeg_with_a_clip() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30)).save(out, "JPEG")
    return out.getvalue() + clip(0.3)


FAST = {"movflags": "faststart"}
PHONE, COMPUTER = "On a phone, ", "On a computer, "
# What is given as a picture, or as a clip: some words of the sentence.
PICTURES: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "GIF": (picture("GIF"), ("This is a GIF picture", "On an iPhone", "On Android", COMPUTER)),
    "TIFF": (picture("TIFF"), ("This is a TIFF picture", COMPUTER)),
    "BMP": (picture("BMP"), ("This is a BMP picture", COMPUTER)),
    "JPEG XL": (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(50), ("This is a JPEG XL picture", "Most Compatible")),
    "JPEG XL, bare": (b"\xff\x0a" + bytes(50), ("This is a JPEG XL picture",)),
    "new HEIF": (brand("mif3"), ("HEIF picture of a new kind (mif3)", "Most Compatible")),
    "raw": (brand("crx "), ("This is a raw photograph", "Most Compatible")),
    "SVG": (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", ("This is an SVG picture",)),
    "PDF": (b"%PDF-1.7\n", ("This is a PDF document, not a picture. Save the picture in it",)),
    "web page": (
        b"<!DOCTYPE html><title>Sign in</title>",
        ("This is a web page, not a picture. Open it in a browser",),
    ),
    "ZIP": (zipped(), ("This is a ZIP archive", "Unpack it, and choose the picture in it.")),
    "video": (clip(0.3), ("This is an MP4 video, not a picture.", "take a screenshot")),
    "WebM": (clip(0.3, container="webm", codec="libvpx"), ("This is a WebM video, not a picture.",)),
    "text": (b"Not found\n", ("This is a text file, not a picture. Choose one in JPEG",)),
    "noise": (b"\x80\x81\x82" * 40, ("This is not a picture. Choose one in JPEG",)),
    "half a JPEG": (half_of(picture("JPEG")), ("The JPEG picture cannot be opened: it is damaged, incomplete",)),
    "half a PNG": (half_of(picture("PNG")), ("The PNG picture cannot be opened: it is damaged, incomplete",)),
}
CLIPS: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "AVI": (clip(0.3, container="avi", codec="mpeg4"), ("This is an AVI video", PHONE, COMPUTER, "HandBrake")),
    "transport stream": (clip(0.3, container="mpegts"), ("This is an MPEG transport stream video", COMPUTER)),
    "camcorder's": (clip(0.3, container="mpegts", options={"mpegts_m2ts_mode": "1"}), ("MPEG transport stream",)),
    "program stream": (clip(0.3, fps=25, container="mpeg", codec="mpeg2video"), ("This is an MPEG video", COMPUTER)),
    "Flash": (clip(0.3, container="flv"), ("This is a Flash video", COMPUTER)),
    "Windows Media": (clip(0.3, container="asf", codec="wmv2"), ("This is a Windows Media video", COMPUTER)),
    "Ogg": (b"OggS" + bytes(100), ("This is an Ogg file, not a video.",)),
    "no index": (without(clip(0.3), "moov"), ("The clip has no index (moov)", "Copy it again from the phone")),
    "damaged index": (patched(clip(0.3), "mvhd", -8, b"\0\0\0\4"), ("The clip is damaged",)),
    "half a clip": (half_of(clip(1, options=FAST)), ("The clip ends too early: a part of the file is missing.",)),
    "half, index behind": (half_of(clip(1)), ("The clip ends too early: a part of the file is missing.",)),
    "unknown codec": (clip(0.3).replace(b"avc1\0", b"Xyz9\0"), ("The clip is coded as XYZ9, which cannot", PHONE)),
    "protected": (clip(0.3).replace(b"avc1\0", b"drmi\0"), ("The clip is copy-protected",)),
    "encrypted": (clip(0.3).replace(b"avc1\0", b"encv\0"), ("The clip is copy-protected",)),
    "sound in MP4": (clip(0.5, video=False, audio=True), ("This file has sound but no picture.",)),
    "sound by brand": (brand("M4A "), ("This file has sound but no picture.",)),
    "MP3": (b"\xff\xfb\x90\x64" + bytes(100), ("This is an MP3 sound, not a video. Choose one in MP4",)),
    "WAV": (b"RIFF\x24\0\0\0WAVEfmt " + bytes(100), ("This is a WAV sound, not a video.",)),
    "Live Photo": (
        brand("heic", "mif1"),
        ("This is a HEIC picture, not a video. If it is a Live Photo", "Save as Video"),
    ),
    "HEIF of HEVC": (brand("mif1", "mif1", "heic"), ("This is a HEIC picture, not a video.",)),
    "HEIF of AV1": (brand("mif1", "miaf", "avif"), ("This is an AVIF picture, not a video.",)),
    "HEIF burst": (brand("msf1", "hevc"), ("This is a HEIC picture, not a video.",)),
    "Motion Photo": (jpeg_with_a_clip(), ("This is a JPEG picture, not a video.", "on Android with Export, Video")),
    "web page": (b"\xef\xbb\xbf\n<html><body>", ("This is a web page, not a video. Open it in a browser",)),
    "ZIP": (zipped(), ("This is a ZIP archive", "Unpack it, and choose the video in it.")),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(50), ("This is a 7z archive",)),
    "text": (b'{"error": "expired"}', ("This is a text file, not a video. Choose one in MP4",)),
    "noise": (b"\0\x01\x02\x03 noise \x80\x81", ("This is not a video. Choose one in MP4",)),
}


def by_upload(client: Client, team: Team, kind: str, data: bytes) -> str:
    fields = {"team": team.pk, "kind": kind, "file": SimpleUploadedFile("file.bin", data)}
    response = client.post(reverse("uploads.add"), fields, headers=SCRIPT)
    assert response.status_code == 422
    return text_of(response)


def by_link(client: Client, team: Team, apixo: FakeApixo, kind: str, data: bytes) -> str:
    apixo.files["/file.bin"] = data
    fields = {"team": team.pk, "kind": kind, "url": f"http://{apixo.host}/file.bin"}
    response = client.post(reverse("uploads.add"), fields, headers=SCRIPT)
    assert response.status_code == 422
    return text_of(response)


@pytest.mark.parametrize(("kind", "files"), [("character", PICTURES), ("motion", CLIPS)])
def test_same_sentence_whichever_way(
    kind: str,
    files: dict[str, tuple[bytes, tuple[str, ...]]],
    as_alice: Client,
    team: Team,
    apixo: FakeApixo,
) -> None:
    script = Script(token_for(team.members.get(), team)).client
    for name, (data, words) in files.items():
        said = script.post("/api/v1/uploads", {"kind": kind, "file": SimpleUploadedFile("file.bin", data)})
        assert said.status_code == 422, name
        sentence = said.json()["detail"]
        assert len(sentence) < 260, sentence
        for part in words:
            assert part in sentence, name
        for page in (by_upload(as_alice, team, kind, data), by_link(as_alice, team, apixo, kind, data)):
            assert sentence in page, name


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("motion", clip(0.3, container="webm", codec="libvpx"), "This is a WebM video."),
        ("motion", clip(0.3, container="matroska"), "This is a Matroska video."),
        ("motion", clip(0.3, container="3gp"), "This is a 3GP video."),
        ("character", picture("HEIF"), "This is a HEIC picture."),
        ("character", picture("AVIF"), "This is an AVIF picture."),
    ],
)
def test_what_only_a_file_may_be(
    kind: str, data: bytes, words: str, as_alice: Client, team: Team, apixo: FakeApixo
) -> None:
    page = by_link(as_alice, team, apixo, kind, data)
    assert words in page
    assert "Download it and add the file here: it is turned into" in page
    fields = {"team": team.pk, "kind": kind, "file": SimpleUploadedFile("file.bin", data)}
    assert as_alice.post(reverse("uploads.add"), fields, headers=SCRIPT).status_code == 201


def test_empty_file(as_alice: Client, team: Team) -> None:
    assert "“file.bin” is empty." in by_upload(as_alice, team, "motion", b"")
