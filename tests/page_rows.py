"""Jobs and videos in the states that pages show, without the worker that brings them there."""

from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from tests import factories
from wanstudio.accounts.models import User
from wanstudio.jobs.models.history import Transition
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.money import verbs as ledger
from wanstudio.money.models import Money
from wanstudio.teams.models import Team
from wanstudio.videos.models import Video


def moved(job: Job, state: State, **fields: Any) -> Job:
    """The job as if it had come to this state, its timeline and its ledger with it."""
    if fields.get("money", job.money) != job.money:
        ledger.write(job, fields["money"], before=job.money)
    Transition.objects.create(job=job, from_state=job.state, to_state=state)
    if state in (State.DONE, State.FAILED, State.CANCELLED):
        fields.setdefault("ended_at", timezone.now())
    Job.objects.filter(pk=job.pk).update(state=state, version=job.version + 1, **fields)
    return Job.objects.get(pk=job.pk)


def result(job: Job, position: int = 0) -> Video:
    """A stored result. Its bytes are no video: no page looks into them."""
    return Video.objects.create(
        job=job,
        position=position,
        file=ContentFile(b"video", name="video.mp4"),
        poster=ContentFile(b"poster", name="poster.jpg"),
        size_bytes=5,
        sha256="0123456789abcdef" * 4,
        width=720,
        height=1080,
        duration=14.2,
        frame_times="",
    )


def finished(team: Team, person: User, *, title: str = "Mira", **fields: Any) -> Video:
    """The video of a job that is Ready."""
    job = factories.job(team, person, **fields)
    video = result(job)
    moved(job, State.DONE, video=video, title=title, money=Money.SETTLED, result_urls=["a"], result_at=timezone.now())
    return video
