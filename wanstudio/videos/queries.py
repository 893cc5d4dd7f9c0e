"""Videos, tags and collections that a person can see, versions of a video, and what later nouns add to the pages.

Versions: jobs of the same character, motion and behaviour are one lineage, and their videos are one stack.
`Job.lineage` names the first of them; the first itself has none.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.text import slugify

from wanstudio.accounts.models import User
from wanstudio.accounts.queries import found_for
from wanstudio.jobs.models import Job, State
from wanstudio.teams.access import in_my_teams, in_teams_of, person, teams_to
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act, roles_with
from wanstudio.videos.models import Collection, Favourite, Tag, Video
from wanstudio.work.compiled import Compiled, CompiledModels

MAX_SUGGESTED = 200


@dataclass(frozen=True)
class WallFilter:
    """A menu of the wall, `name` in the address and of the column. `column_value`: what a choice is there."""

    name: str
    label: str
    choices: Sequence[tuple[str, str]]
    column_value: Callable[[str], str | None]


# Put in by later nouns. Panels: what the page of a video shows besides, by its name in the page's context.
# Link counters: how many open links each of these videos has, by id.
wall_filters: list[WallFilter] = []
panels: dict[str, Callable[[Video], object]] = {}
link_counters: list[Callable[[HttpRequest, Iterable[int]], dict[int, int]]] = []


def visible_videos(request: HttpRequest) -> QuerySet[Video]:
    """Without those in the bin, which are nowhere but there: see `binned_videos`."""
    return _seen_by(person(request)).select_related(*_BESIDE)


def starred_videos(request: HttpRequest) -> QuerySet[Video]:
    """The same, each with whether it has this person's star (`is_favourite`)."""
    return _starred(person(request)).select_related(*_BESIDE)


def starred_video(request: HttpRequest, pk: int) -> Video | None:
    """The one with this id, or None."""
    for video, (star,) in _STARRED.rows(person(request).pk, [pk]):
        video.is_favourite = bool(star)  # type: ignore[attr-defined]
        return video
    return None


def _seen_by(who: User) -> QuerySet[Video]:
    return Video.objects.filter(in_teams_of(who, "team__"), job__state__unindexed="done", binned_at=None)


def _starred(who: User) -> QuerySet[Video]:
    star = Favourite.objects.filter(user=who, video=OuterRef("pk"))
    return _seen_by(who).annotate(is_favourite=Exists(star))


_BESIDE = ("job", "job__person", "team", "job__character", "job__motion")
_STARRED = CompiledModels(
    lambda who, pks: _starred(User(pk=who)).filter(pk__in=pks), ways=_BESIDE, besides=("is_favourite",)
)


def visible_tags(request: HttpRequest, team: Team) -> QuerySet[Tag]:
    return Tag.objects.filter(in_my_teams(request, "team__"), team=team)


def visible_collections(request: HttpRequest, team: Team | None = None) -> QuerySet[Collection]:
    """The team's, and this person's own private ones; no one else's, whatever their role."""
    seen = ~Q(visibility=Collection.Visibility.PRIVATE) | Q(person=person(request))
    mine = Collection.objects.filter(in_my_teams(request, "team__"), seen).select_related("person", "team")
    return mine.filter(team=team) if team else mine


def binned_videos(request: HttpRequest) -> QuerySet[Video]:
    """Binned videos of the teams in which this person can organise."""
    mine = Video.objects.filter(team__in=teams_to(request, Act.ORGANISE), binned_at__isnull=False)
    return mine.select_related("job", "job__person", "team", "binned_by")


class StoredVideo(NamedTuple):
    """What the answer with a file of a video says about it."""

    pk: int
    file: str
    poster: str
    archived_at: datetime | str
    job__title: str
    job__behaviour: str
    job__resolution: str

    @property
    def download_name(self) -> str:
        title = slugify(self.job__title) or "video"
        return f"{title}-{self.job__behaviour}-{self.job__resolution}-{self.pk}.mp4"

    @classmethod
    def of(cls, video: Video) -> "StoredVideo":
        job = video.job
        names = (str(video.file.name), str(video.poster.name))
        return cls(video.pk, *names, video.archived_at, job.title, job.behaviour, job.resolution)


def stored_video(request: HttpRequest, pk: int) -> StoredVideo:
    """The files of a video that this person can read: one in the bin, too, if they can restore it."""
    return StoredVideo(*found_for(request, _STORED, pk))


def _stored(person: int, pks: Sequence[int]) -> QuerySet[Video, tuple[object, ...]]:
    seat = "job__team__memberships__"
    in_bin = Q(**{f"{seat}role__in": roles_with(Act.ORGANISE)}, binned_at__isnull=False)
    readable = Q(binned_at=None, job__state__unindexed=State.DONE) | in_bin
    mine = in_teams_of(User(pk=person), "job__team__") & Q(**{f"{seat}user__is_active": True})
    return Video.objects.filter(mine & readable, pk__in=pks).values_list(f"{seat}user__password", *StoredVideo._fields)


_STORED = Compiled(_stored)


def root_of(job: Job) -> int:
    return job.lineage_id or job.pk


def newest_only(videos: QuerySet[Video]) -> QuerySet[Video]:
    newer = Video.objects.filter(
        job__lineage=Coalesce(OuterRef("job__lineage"), OuterRef("job")),
        job__gt=OuterRef("job"),
        job__state__unindexed=State.DONE,
        binned_at=None,
    )
    return videos.filter(~Exists(newer))


def versions_of(video: Video) -> list[Video]:
    """The videos of its lineage outside the bin, the newest first, numbered. Results of one job share a number."""
    root = root_of(video.job)
    main = Q(binned_at=None, job__state__unindexed=State.DONE, position=0) | Q(pk=video.pk)
    jobs = Job.objects.filter(Q(pk=root) | Q(lineage=root)).order_by().values_list("pk", flat=True)
    mine = Video.objects.filter(main, job__in=list(jobs), team__id__unindexed=video.team_id)
    return with_versions(mine.select_related("job", "job__person").order_by("-job", "position"))


def with_versions(videos: Iterable[Video]) -> list[Video]:
    """The same videos, each with `version` (1 is the first, whatever was binned since) and `versions`, how many."""
    videos = list(videos)
    roots = {root_of(video.job) for video in videos}
    jobs: dict[int, list[int]] = {root: [] for root in roots}
    done = Job.objects.filter(state__unindexed=State.DONE).order_by().values_list("pk", "lineage")
    for pk, lineage in sorted(done.filter(pk__in=roots).union(done.filter(lineage__in=roots), all=True)):
        jobs[lineage or pk].append(pk)
    for video in videos:
        mine = jobs[root_of(video.job)]
        video.version = mine.index(video.job_id) + 1 if video.job_id in mine else 1
        video.versions = len(mine)
    return videos
