"""Videos in our own storage, and their tags, collections and favourites."""

import re
import unicodedata
from typing import TypeVar
from uuid import uuid4

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.media.timing.frame_times import FrameTimes, parse
from wanstudio.teams.models import Team
from wanstudio.uploads.models import Source

Row = TypeVar("Row", bound=models.Model)

MAX_TAG = 40
MAX_COLLECTION = 100
_CLOCK = re.compile(r"(?:([0-9]{1,4}):)?([0-9]{1,6}(?:[.,][0-9]{1,6})?)s?")


def clean_name(text: str, longest: int) -> str:
    """Composed letters, single blanks, nothing that cannot be printed. Empty if nothing is left."""
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(letter if letter.isprintable() else " " for letter in composed).split())[:longest].strip()


def key_of(name: str) -> str:
    """Equal for every spelling of one name. Made here, for databases fold only some alphabets."""
    return unicodedata.normalize("NFKC", clean_name(name, 200)).casefold()[:80]


def seconds_of(text: str) -> float | None:
    """`0:03.4`, `3.4` or `83` as seconds; None for anything else."""
    found = _CLOCK.fullmatch(text.strip())
    return int(found[1] or 0) * 60 + float(found[2].replace(",", ".")) if found else None


class Tag(models.Model):
    """One row a team and word, in whatever case it is written; the first spelling is shown."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=MAX_TAG)
    key = models.CharField(max_length=80)

    class Meta:
        ordering = ["key"]
        constraints = [models.UniqueConstraint(fields=["team", "key"], name="one_tag_a_word")]

    def __str__(self) -> str:
        return self.name


def _path_in_storage(video: "Video", name: str) -> str:
    return f"videos/{video.job.team_id}/{uuid4().hex}{name[name.rfind('.') :]}"


def _copied(to: type[Row]) -> "models.ForeignKey[Row, Row]":
    """Of a video's job, whose own column has the constraint and the rule for what is deleted."""
    return models.ForeignKey(
        to, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False, editable=False
    )


# What the wall filters by is in each of its indexes: a combination of filters reads no rows that it does not show.
FACTS = ("person", "behaviour", "resolution", "approval")


def _wall(name: str, *fields: str, with_facts: bool = True) -> models.Index:
    """Of the videos that are not in the bin."""
    more = [fact for fact in FACTS if fact not in fields] if with_facts else []
    return models.Index(fields=["team", *fields, "-id", *more], name=name, condition=models.Q(binned_at=None))


class Video(models.Model):
    """An archived result. A row exists only once the file is whole, decodable and hashed."""

    job = models.ForeignKey("Job", on_delete=models.PROTECT, related_name="videos")
    position = models.PositiveSmallIntegerField(default=0, help_text="Among the job's results; 0 is the main one.")
    file = models.FileField(upload_to=_path_in_storage, max_length=200)
    poster = models.FileField(upload_to=_path_in_storage, max_length=200)
    placeholder = models.TextField(
        null=True,
        editable=False,
        help_text="A tiny WebP of its poster, in base64; null before 0.6.0, empty if unknown.",
    )
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    duration = models.FloatField(help_text="Seconds.")
    frame_times = models.TextField(
        null=True, editable=False, help_text="When each frame begins, measured once; null before, empty if unknown."
    )
    archived_at = models.DateTimeField(default=timezone.now)
    tags = models.ManyToManyField(Tag, related_name="videos", blank=True)
    binned_at = models.DateTimeField(null=True, blank=True, db_index=True, help_text="In the bin since.")
    binned_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    # Copies of its job's, which never change: the wall filters in one table.
    team = _copied(Team)
    person = _copied(User)
    character = _copied(Source)
    motion = _copied(Source)
    behaviour = models.CharField(max_length=10, editable=False)
    resolution = models.CharField(max_length=10, editable=False)
    approval = models.CharField(
        max_length=12, null=True, editable=False, help_text="The decision that counts; null while there is none."
    )

    # Among the versions of its lineage, 1 is the first; set by queries.with_versions.
    version = 1
    versions = 1

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "position"], name="one_video_a_position")]
        indexes = [
            _wall("wall_newest"),
            _wall("wall_of_person", "person"),
            _wall("wall_of_behaviour", "behaviour"),
            _wall("wall_of_resolution", "resolution"),
            _wall("wall_of_approval", "approval"),
            _wall("wall_of_character", "character", with_facts=False),
            _wall("wall_of_motion", "motion", with_facts=False),
            _wall("wall_by_day", "-archived_at"),
            models.Index(fields=["team", "-id"], name="video_bin", condition=models.Q(binned_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"video {self.pk} of job {self.job_id}"

    @property
    def timing(self) -> FrameTimes | None:
        return parse(self.frame_times or "")

    def save(self, *args: object, **options: object) -> None:
        if self._state.adding:
            for name in ("team_id", "person_id", "character_id", "motion_id", "behaviour", "resolution"):
                setattr(self, name, getattr(self.job, name))
        super().save(*args, **options)  # type: ignore[arg-type]


class WordsField(models.TextField):  # type: ignore[type-arg]
    """Text on SQLite, whose full-text index splits it; lexemes on PostgreSQL."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "tsvector" if connection.vendor == "postgresql" else "text"


class VideoWords(models.Model):
    """What a video is found by. Triggers of the database keep one row for each video that can be seen: search_index."""

    video = models.OneToOneField(
        Video, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="words"
    )
    words = WordsField()

    def __str__(self) -> str:
        return f"words of video {self.video_id}"


class Collection(models.Model):
    """Videos grouped under a name. Only its maker sees a private one."""

    class Visibility(models.TextChoices):
        TEAM = "team", "The team"
        PRIVATE = "private", "Only me"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="collections")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="collections")
    name = models.CharField(max_length=MAX_COLLECTION)
    visibility = models.CharField(max_length=10, choices=Visibility.choices, default=Visibility.TEAM)
    position = models.PositiveIntegerField(default=0, help_text="In the list, from the top; equal ones by name.")
    created_at = models.DateTimeField(default=timezone.now)
    videos = models.ManyToManyField(Video, through="CollectedVideo", related_name="collections")

    class Meta:
        ordering = ["position", "name", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_private(self) -> bool:
        return self.visibility == self.Visibility.PRIVATE


class CollectedVideo(models.Model):
    """A video in a collection: since when, and who put it there."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="collected")
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="collected")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["collection", "video"], name="one_place_a_collection")]
        indexes = [models.Index(fields=["collection", "-id"], name="collected_newest")]

    def __str__(self) -> str:
        return f"{self.video} in {self.collection}"


class Favourite(models.Model):
    """A person's star on a video; only that person sees it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="favourites")
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="favourites")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "video"], name="one_star_a_person")]

    def __str__(self) -> str:
        return f"star of {self.user} on {self.video}"
