"""A word that a team files its videos under."""

import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import models, transaction

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.teams.models import Team

if TYPE_CHECKING:
    from wanstudio.videos.models.video import Video

LONGEST = 40


def clean_name(text: str, longest: int = LONGEST) -> str:
    """As it is shown: composed letters, single blanks, nothing that cannot be printed. Empty if nothing is left."""
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(letter if letter.isprintable() else " " for letter in composed).split())[:longest].strip()


def key_of(name: str) -> str:
    """What two spellings of one name have in common. Made here, for databases fold only some alphabets."""
    return unicodedata.normalize("NFKC", clean_name(name, 200)).casefold()[:80]


class Tag(models.Model):
    """One row a team and word, in whatever case it is written; the first spelling is shown."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=LONGEST)
    key = models.CharField(max_length=80)

    class Meta:
        ordering = ["key"]
        constraints = [models.UniqueConstraint(fields=["team", "key"], name="one_tag_a_word")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def named(cls, team: Team, name: str) -> "Tag | None":
        """The team's tag of this name, made if there is none; None for a name without a letter."""
        name = clean_name(name)
        return cls.objects.get_or_create(team=team, key=key_of(name), defaults={"name": name})[0] if name else None

    def put_on(self, videos: "Iterable[Video]", *, by: User | None = None) -> None:
        """On all of them; where it is already nothing changes. A crash leaves it on all or on none."""
        through = self.videos.through
        with transaction.atomic():
            tagged = self._tagged()
            fresh = [video for video in videos if video.pk not in tagged]
            through.objects.bulk_create(
                [through(tag_id=self.pk, video_id=video.pk) for video in fresh], ignore_conflicts=True
            )
            self._note("tag.put_on", by, fresh)

    def take_off(self, videos: "Iterable[Video]", *, by: User | None = None) -> None:
        """Off all of them. A tag that is on nothing any more goes."""
        with transaction.atomic():
            tagged = self._tagged()
            gone = [video for video in videos if video.pk in tagged]
            self.videos.through.objects.filter(tag_id=self.pk, video__in=gone).delete()
            self._note("tag.taken_off", by, gone)
            Tag.objects.filter(pk=self.pk, videos=None).delete()

    def _tagged(self) -> set[int]:
        return set(self.videos.through.objects.filter(tag_id=self.pk).values_list("video_id", flat=True))

    def _note(self, act: str, by: User | None, videos: "list[Video]") -> None:
        """One line, however many they are."""
        if videos:
            one = videos[0] if len(videos) == 1 else None
            about = f"{one.job.title if one else f'{len(videos)} videos'}: {self.name}"
            record(act=act, team=self.team_id, person=by, about=about, on=one)
