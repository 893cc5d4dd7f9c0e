"""The studio's form as a browser sends it, and small real things to put into it."""

import re
from html import unescape
from io import BytesIO
from typing import Any
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from tests.media.clips import clip
from wanstudio.teams.models import Team

CLIP = clip(6.0)


def png(size: tuple[int, int] = (60, 90)) -> bytes:
    file = BytesIO()
    Image.new("RGB", size, "teal").save(file, "PNG")
    return file.getvalue()


def upload(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def text_of(response: Any) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def post(client: Client, team: Team, **fields: Any) -> Any:
    """The form as a browser sends it."""
    defaults = {"nonce": uuid4(), "team": team.pk, "behaviour": "animate", "resolution": "480p", "seed_mode": "random"}
    return client.post(reverse("jobs.index"), {**defaults, **fields})
