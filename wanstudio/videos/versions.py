"""Versions: jobs of the same character, motion and behaviour are one lineage, and their videos stand in one stack.

`Job.lineage` names the first of them; the first itself has none.
"""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.videos.models import Video


def root_of(job: Job) -> int:
    """The id of the lineage's first job."""
    return job.lineage_id or job.pk


def newest_only(videos: QuerySet[Video]) -> QuerySet[Video]:
    """Without those of which there is a newer version."""
    newer = Video.objects.filter(
        job__lineage=Coalesce(OuterRef("job__lineage"), OuterRef("job")),
        job__gt=OuterRef("job"),
        job__state=State.DONE,
        binned_at=None,
    )
    return videos.filter(~Exists(newer))


def versions_of(video: Video) -> list[Video]:
    """The live videos of its lineage, the newest first, numbered. One job's other results count as it does."""
    root = root_of(video.job)
    main = Q(binned_at=None, job__state=State.DONE, position=0) | Q(pk=video.pk)
    mine = Video.objects.filter(main, Q(job=root) | Q(job__lineage=root), job__team=video.job.team_id)
    return number(mine.select_related("job", "job__person").order_by("-job", "position"))


def number(videos: Iterable[Video]) -> list[Video]:
    """The same videos, each with `version` (1 is the first, whatever was binned since) and `versions`, how many."""
    videos = list(videos)
    roots = {root_of(video.job) for video in videos}
    jobs: dict[int, list[int]] = {root: [] for root in roots}
    rows = Job.objects.filter(Q(pk__in=roots) | Q(lineage__in=roots), state=State.DONE).order_by("pk")
    for pk, lineage in rows.values_list("pk", "lineage"):
        jobs[lineage or pk].append(pk)
    for video in videos:
        mine = jobs[root_of(video.job)]
        video.version = mine.index(video.job_id) + 1 if video.job_id in mine else 1
        video.versions = len(mine)
    return videos
