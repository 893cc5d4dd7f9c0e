"""A studio with pictures in it: a dozen videos that look different, and a team around them. For the console."""

import colorsys
import io
from itertools import cycle

from django.core.files.base import ContentFile
from PIL import Image

from tests.e2e.finished import SAMPLES, finish
from wanstudio.models import Source, Video
from wanstudio.operations.older_posters import make_placeholders

TITLES = (
    *("Mira · walk", "Harbour dawn · turn", "Jonas · first steps", "Night market · run", "Ines · wave"),
    *(
        "Courtyard · dance",
        "Mira · stairs",
        "Rooftop · walk",
        "Old town · turn",
        "Pier · jump",
        "Mira · bow",
        "Quay · sit",
    ),
)
RATIOS = ((720, 1280), (1280, 720), (720, 1080), (960, 960), (720, 1280), (1080, 720))


def fill() -> None:
    """The videos, each with a poster of its own colour and shape; its film is the sample."""
    for title in TITLES:
        finish(title=title, prompt=f"{title}, slowly, soft light")
    dress()


def dress() -> None:
    """Every row whose picture is no picture, or everybody's, gets one of its own."""
    for number, (video, (width, height)) in enumerate(zip(Video.objects.order_by("-pk"), cycle(RATIOS))):
        if number % 2:
            video.poster.save("poster.jpg", ContentFile(_poster(number, width, height)), save=False)
            video.width, video.height = width, height
        else:
            video.poster.save("poster.jpg", ContentFile((SAMPLES / "walk.jpg").read_bytes()), save=False)
        video.placeholder = None
        if video.file.size < 1000:
            video.file.save("walk.mp4", ContentFile((SAMPLES / "walk.mp4").read_bytes()), save=False)
        video.save()
    for source in Source.objects.filter(poster=""):
        source.poster.save("poster.jpg", ContentFile((SAMPLES / "walk.jpg").read_bytes()), save=False)
        source.save(update_fields=["poster"])
    make_placeholders()


def _poster(number: int, width: int, height: int) -> bytes:
    """The sample's character before a wall of another colour."""
    small = (width * 720 // max(width, height), height * 720 // max(width, height))
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(number * 0.381 % 1, 0.45, 0.55))
    poster = Image.new("RGB", small, (red, green, blue))
    with Image.open(SAMPLES / "mira.png") as mira:
        figure = mira.convert("RGB").resize((small[1] * 9 // 16, small[1]))
    poster.paste(figure, ((small[0] - figure.width) // 2, 0))
    out = io.BytesIO()
    Image.blend(poster, Image.new("RGB", small, (red, green, blue)), 0.25).save(out, "JPEG", quality=82)
    return out.getvalue()
