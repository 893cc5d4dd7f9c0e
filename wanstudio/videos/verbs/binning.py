"""The bin of videos and uploads: what is deleted stays there for 30 days, out of every list, and can be taken back."""

from collections.abc import Iterable
from datetime import timedelta

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import ENDED
from wanstudio.uploads.models import Source
from wanstudio.videos.models import Video
from wanstudio.videos.words import of_many

KEPT = timedelta(days=30)
MAX_RECORDED = 50


def bin_videos(videos: Iterable[Video], person: User) -> int:
    """Returns how many were not in the bin yet. Jobs, prices and ledger stay. A crash leaves all of it or none."""
    return _change(videos, Q(binned_at=None), "video.binned", person, {"binned_at": Now(), "binned_by": person})


def restore_videos(videos: Iterable[Video], by: User | None = None) -> int:
    """Back with their tags, stars and collections; returns how many were still there. A crash: all of it or none."""
    only = Q(binned_at__isnull=False)
    return _change(videos, only, "video.restored", by, {"binned_at": None, "binned_by": None})


def _change(videos: Iterable[Video], only: Q, act: str, by: User | None, changes: dict[str, object]) -> int:
    """Their jobs' pages say something else now: the version tells those that are open."""
    ids = [video.pk for video in videos]
    with transaction.atomic():
        rows = Video.objects.filter(only, pk__in=ids)
        found = list(rows.select_related("job"))
        changed = rows.update(**changes)
        Job.objects.filter(videos__in=ids).update(version=F("version") + 1)
        _record(act, by, found)
    return changed


def _record(act: str, by: User | None, videos: list[Video]) -> None:
    """Each by its title; very many at once are one activity."""
    if len(videos) > MAX_RECORDED:
        return record(act, team=videos[0].job.team_id, person=by, about=of_many(videos))
    for video in videos:
        record(act, team=video.job.team_id, person=by, about=video.job.title, on=video)
    return None


def erase_video(pk: int, by: User | None = None) -> bool:
    """Delete a binned video for good; False if somebody has taken it back.

    The row goes first: a crash after that leaves files without a row, which the hourly sweep deletes.
    """
    with transaction.atomic():
        video = Video.objects.select_for_update().filter(pk=pk, binned_at__isnull=False).first()
        if video is None:
            return False
        Job.objects.filter(pk=video.job_id).update(version=F("version") + 1)
        _record("video.deleted", by, [video])
        video.delete()
    _delete_files(str(video.file.name), str(video.poster.name))
    return True


def erase_source(pk: int, by: User | None = None) -> bool:
    """Delete a binned source for good; False if it was taken back, or a job under way still needs it.

    The row of one that jobs were made from stays, without its files. Crash: as with `erase_video`.
    """
    with transaction.atomic():
        source = Source.objects.select_for_update().filter(pk=pk, deleted_at__isnull=False, erased_at=None).first()
        if source is None:
            return False
        jobs = Job.objects.filter(Q(character=source) | Q(motion=source))
        if jobs.exclude(state__in=ENDED).exists():
            return False
        record("upload.erased", team=source.team_id, person=by, about=source.name)
        file, poster = str(source.file.name or ""), str(source.poster.name or "")
        if jobs.exists():
            Source.objects.filter(pk=pk).update(erased_at=Now(), file="", poster="", due_at=None)
        else:
            source.delete()
    _delete_files(file, poster)
    return True


def _delete_files(*names: str) -> None:
    for name in filter(None, names):
        default_storage.delete(name)


def empty_bin() -> int:
    """Delete what was in it for 30 days; returns how much. Crash anywhere: the rest next time."""
    over = Now() - KEPT
    videos = Video.objects.filter(binned_at__lt=over).values_list("pk", flat=True)
    sources = Source.objects.filter(deleted_at__lt=over, erased_at=None).values_list("pk", flat=True)
    return sum(erase_video(pk) for pk in list(videos)) + sum(erase_source(pk) for pk in list(sources))
