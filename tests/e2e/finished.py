"""Finished videos of Ben's without the minute of making them: the file is the sample clip. For the console."""

from pathlib import Path
from typing import Any

from django.core.files import File
from django.db import transaction

from tests import factories
from tests.e2e.template import EMAIL
from tests.page_rows import finished
from wanstudio.models import Team, User, Video

SAMPLES = Path(__file__).resolve().parents[2] / "static" / "samples"


def finish(title: str = "Mira", **fields: Any) -> Video:
    """In one transaction: the worker that runs beside it never sees the job queued."""
    team, ben = Team.objects.get(), User.objects.get(email=EMAIL)
    with transaction.atomic(), _sample("mira.png") as mira, _sample("walk.mp4") as walk, _sample("walk.jpg") as poster:
        size = {"width": 720, "height": 1280, "duration": 5.0}
        inputs = {
            "character": factories.character(team, ben, file=mira),
            "motion": factories.motion(team, ben, file=walk, **size),
        }
        video = finished(team, ben, title=title, resolution="480p", **inputs | fields)
        video.file.save("walk.mp4", walk)
        video.poster.save("walk.jpg", poster)
        Video.objects.filter(pk=video.pk).update(size_bytes=video.file.size, frame_times=None, **size)
    return video


def _sample(name: str) -> File:  # type: ignore[type-arg]
    return File((SAMPLES / name).open("rb"), name=name)
