"""Filing of videos: tags, collections and favourites. What is said twice changes nothing the second time.

Each verb is one transaction: a crash leaves all of it or nothing.
"""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Max

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.teams.models import Team
from wanstudio.videos.models import CollectedVideo, Collection, Favourite, Tag, Video
from wanstudio.videos.names import MAX_COLLECTION, MAX_TAG, clean_name, key_of
from wanstudio.videos.words import of_many


def tag_named(team: Team, name: str) -> Tag | None:
    """The team's tag of this name, made if there is none; None for a name without a letter."""
    name = clean_name(name, MAX_TAG)
    return Tag.objects.get_or_create(team=team, key=key_of(name), defaults={"name": name})[0] if name else None


def put_tag_on(tag: Tag, videos: Iterable[Video], by: User | None = None) -> None:
    through = Video.tags.through
    with transaction.atomic():
        tagged = _tagged(tag)
        fresh = [video for video in videos if video.pk not in tagged]
        rows = [through(tag_id=tag.pk, video_id=video.pk) for video in fresh]
        through.objects.bulk_create(rows, ignore_conflicts=True)
        _record_tag("tag.put_on", tag, fresh, by)


def take_tag_off(tag: Tag, videos: Iterable[Video], by: User | None = None) -> None:
    """A tag that is on nothing any more goes."""
    with transaction.atomic():
        tagged = _tagged(tag)
        gone = [video for video in videos if video.pk in tagged]
        Video.tags.through.objects.filter(tag_id=tag.pk, video__in=gone).delete()
        _record_tag("tag.taken_off", tag, gone, by)
        Tag.objects.filter(pk=tag.pk, videos=None).delete()


def _tagged(tag: Tag) -> set[int]:
    return set(Video.tags.through.objects.filter(tag_id=tag.pk).values_list("video_id", flat=True))


def _record_tag(act: str, tag: Tag, videos: list[Video], by: User | None) -> None:
    """One activity, however many they are."""
    if videos:
        on = videos[0] if len(videos) == 1 else None
        record(act, team=tag.team_id, person=by, about=f"{of_many(videos)}: {tag.name}", on=on)


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
    """Unless nobody else may know of it."""
    if not collection.is_private:
        record(act, team=collection.team_id, person=person, about=collection.name, on=collection)


def collect(collection: Collection, videos: Iterable[Video], person: User) -> None:
    rows = [CollectedVideo(collection=collection, video=video, person=person) for video in videos]
    CollectedVideo.objects.bulk_create(rows, ignore_conflicts=True)


def take_out(collection: Collection, videos: Iterable[Video]) -> None:
    """The videos stay in the studio."""
    CollectedVideo.objects.filter(collection=collection, video__in=list(videos)).delete()


def move_collection(collection: Collection, step: int, visible: Iterable[Collection]) -> None:
    """One position up (-1) or down (1) in `visible`, the list in its order, which is numbered anew."""
    rows = list(visible)
    here = next(position for position, row in enumerate(rows) if row.pk == collection.pk)
    there = min(max(here + step, 0), len(rows) - 1)
    rows.insert(there, rows.pop(here))
    with transaction.atomic():
        for position, row in enumerate(rows):
            Collection.objects.filter(pk=row.pk).update(position=position)


def star(user: User, video: Video) -> None:
    Favourite.objects.get_or_create(user=user, video=video)


def unstar(user: User, video: Video) -> None:
    Favourite.objects.filter(user=user, video=video).delete()
