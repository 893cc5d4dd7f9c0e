"""Verbs of videos: tags, collections, favourites, and the bin, where what is deleted stays for 30 days.

Each is one transaction: a crash leaves all of it or nothing. Tags of very many videos are several, so that no one
waits for the lock: a crash leaves a part, and the same verb does the rest. A repeated verb changes nothing.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Max, Q
from django.db.models.functions import Now

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.jobs.models import ENDED, Job
from wanstudio.teams.models import Team
from wanstudio.uploads.models import Source
from wanstudio.uploads.scans import Scan
from wanstudio.videos.models import MAX_COLLECTION, MAX_TAG, CollectedVideo, Collection, Tag, Video, clean_name, key_of
from wanstudio.videos.words import of_many

KEPT = timedelta(days=30)
MAX_RECORDED = 50
# So many videos are tagged in one transaction: their rows of the search index follow in it.
TAGGED_AT_ONCE = 500


def tag_named(team: Team, name: str) -> Tag | None:
    """The team's tag of this name, made if there is none; None for a name without a letter."""
    name = clean_name(name, MAX_TAG)
    return Tag.objects.get_or_create(team=team, key=key_of(name), defaults={"name": name})[0] if name else None


def put_tag_on(tag: Tag, videos: Iterable[Video], by: User | None = None) -> None:
    _tag(tag, videos, by, "tag.put_on", tag.videos.add)


def take_tag_off(tag: Tag, videos: Iterable[Video], by: User | None = None) -> None:
    """Deletes a tag that is on no video any more."""
    _tag(tag, videos, by, "tag.taken_off", tag.videos.remove)
    Tag.objects.filter(pk=tag.pk, videos=None).delete()


def _tag(tag: Tag, videos: Iterable[Video], by: User | None, act: str, change: Callable[..., None]) -> None:
    """One activity for all of them, on the first one: every change is recorded."""
    tagged = {*Video.tags.through.objects.filter(tag_id=tag.pk).values_list("video_id", flat=True)}
    meant = [video for video in videos if (video.pk in tagged) == (act == "tag.taken_off")]
    for at in range(0, len(meant), TAGGED_AT_ONCE):
        with transaction.atomic():
            if at == 0:
                on = meant[0] if len(meant) == 1 else None
                record(act, team=tag.team_id, person=by, about=f"{of_many(meant)}: {tag.name}", on=on)
            change(*meant[at : at + TAGGED_AT_ONCE])


def collection_named(
    team: Team, person: User, name: str, visibility: str = Collection.Visibility.TEAM
) -> Collection | None:
    """This person's collection of this name, made if there is none; None for a name without a letter."""
    name = clean_name(name, MAX_COLLECTION)
    if not name:
        return None
    with transaction.atomic():
        Team.objects.select_for_update().get(pk=team.pk)
        for mine in Collection.objects.filter(team=team, person=person, visibility=visibility):
            if key_of(mine.name) == key_of(name):
                return mine
        last = Collection.objects.filter(team=team).aggregate(Max("position"))["position__max"]
        position = 0 if last is None else last + 1
        made = Collection.objects.create(team=team, person=person, name=name, visibility=visibility, position=position)
        _record_collection("collection.made", made, person)
        return made


def change_collection(collection: Collection, name: str, visibility: str, by: User) -> None:
    """A name without a letter changes nothing of the old one."""
    collection.name, collection.visibility = clean_name(name, MAX_COLLECTION) or collection.name, visibility
    with transaction.atomic():
        collection.save(update_fields=["name", "visibility"])
        _record_collection("collection.changed", collection, by)


def delete_collection(collection: Collection, by: User) -> None:
    """The collection alone: its videos stay."""
    with transaction.atomic():
        _record_collection("collection.deleted", collection, by)
        collection.delete()


def _record_collection(act: str, collection: Collection, person: User) -> None:
    """Not for a private collection."""
    if not collection.is_private:
        record(act, team=collection.team_id, person=person, about=collection.name, on=collection)


def collect(collection: Collection, videos: Iterable[Video], person: User) -> None:
    rows = [CollectedVideo(collection=collection, video=video, person=person) for video in videos]
    CollectedVideo.objects.bulk_create(rows, ignore_conflicts=True)


def take_out(collection: Collection, videos: Iterable[Video]) -> None:
    """The videos stay in the studio."""
    CollectedVideo.objects.filter(collection=collection, video__in=list(videos)).delete()


def move_collection(collection: Collection, step: int, visible: Iterable[Collection]) -> None:
    """One position up (-1) or down (1) in `visible`, the list in its order, which is renumbered."""
    rows = list(visible)
    here = next(position for position, row in enumerate(rows) if row.pk == collection.pk)
    there = min(max(here + step, 0), len(rows) - 1)
    rows.insert(there, rows.pop(here))
    with transaction.atomic():
        for position, row in enumerate(rows):
            Collection.objects.filter(pk=row.pk).update(position=position)


def star(user: User, video: Video, *, on: bool = True) -> None:
    if on:
        user.favourites.get_or_create(video=video)
    else:
        user.favourites.filter(video=video).delete()


def bin_videos(videos: Iterable[Video], person: User) -> int:
    """Returns how many were not in the bin yet. Jobs, prices and ledger stay. A crash leaves all of it or none."""
    return _change(videos, Q(binned_at=None), "video.binned", person, {"binned_at": Now(), "binned_by": person})


def restore_videos(videos: Iterable[Video], by: User | None = None) -> int:
    """Back with their tags, stars and collections; returns how many were still there. A crash: all of it or none."""
    only = Q(binned_at__isnull=False)
    return _change(videos, only, "video.restored", by, {"binned_at": None, "binned_by": None})


def _change(videos: Iterable[Video], only: Q, act: str, by: User | None, changes: dict[str, object]) -> int:
    """Their jobs' pages have changed: the version updates open ones."""
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
    """Delete a binned video for good; False if someone has restored it.

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
    """Delete a binned source for good; False if it was restored, or a running job still needs it.

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
        files = [
            source.file,
            source.poster,
            source.preview,
            *(scan.strip for scan in Scan.objects.filter(source=source)),
        ]
        names = [str(file.name or "") for file in files]
        Scan.objects.filter(source=source).delete()
        if jobs.exists():
            Source.objects.filter(pk=pk).update(erased_at=Now(), file="", poster="", preview="", due_at=None)
        else:
            source.delete()
    _delete_files(*names)
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
