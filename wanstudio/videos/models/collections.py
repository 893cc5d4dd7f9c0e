"""Videos laid together under a name, for the team or for their maker alone."""

from collections.abc import Iterable

from django.db import models, transaction
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.teams.models import Team
from wanstudio.videos.models.tags import clean_name, key_of
from wanstudio.videos.models.video import Video

LONGEST = 100


class Collection(models.Model):
    """Deleting one deletes none of its videos. A private one exists for nobody but its maker."""

    class Visibility(models.TextChoices):
        TEAM = "team", "The team"
        PRIVATE = "private", "Only me"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="collections")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="collections")
    name = models.CharField(max_length=LONGEST)
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

    @classmethod
    def named(cls, team: Team, person: User, name: str, visibility: str = "team") -> "Collection | None":
        """This person's collection of this name, made if there is none; None for a name without a letter.

        Posting the form twice makes one.
        """
        name = clean_name(name, LONGEST)
        if not name:
            return None
        with transaction.atomic():
            Team.objects.select_for_update().get(pk=team.pk)
            for mine in cls.objects.filter(team=team, person=person, visibility=visibility):
                if key_of(mine.name) == key_of(name):
                    return mine
            last = cls.objects.filter(team=team).aggregate(models.Max("position"))["position__max"]
            position = 0 if last is None else last + 1
            made = cls.objects.create(team=team, person=person, name=name, visibility=visibility, position=position)
            made.note("collection.made", person)
            return made

    def note(self, act: str, person: User) -> None:
        """In the activity, unless nobody else may know of it."""
        if not self.is_private:
            record(team=self.team_id, person=person, act=act, about=self.name, on=self)

    def add(self, videos: Iterable[Video], person: User) -> None:
        """Lay them in; what is in it already stays as it is. A crash leaves all in it or none."""
        rows = [CollectedVideo(collection=self, video=video, person=person) for video in videos]
        CollectedVideo.objects.bulk_create(rows, ignore_conflicts=True)

    def remove(self, videos: Iterable[Video]) -> None:
        """Take them out; they stay in the studio."""
        CollectedVideo.objects.filter(collection=self, video__in=list(videos)).delete()

    def move(self, step: int, visible: Iterable["Collection"]) -> None:
        """One place up (-1) or down (1) in `visible`, the list in its order. Numbers all anew, in one go."""
        rows = list(visible)
        here = next(place for place, row in enumerate(rows) if row.pk == self.pk)
        there = min(max(here + step, 0), len(rows) - 1)
        rows.insert(there, rows.pop(here))
        with transaction.atomic():
            for place, row in enumerate(rows):
                Collection.objects.filter(pk=row.pk).update(position=place)


class CollectedVideo(models.Model):
    """That a video lies in a collection: since when, and who put it there."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="collected")
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="collected")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["collection", "video"], name="one_place_a_collection")]

    def __str__(self) -> str:
        return f"{self.video} in {self.collection}"
