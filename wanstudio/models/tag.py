"""A word that a team files its videos under."""

import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import models

from wanstudio.models.people import Team

if TYPE_CHECKING:
    from wanstudio.models.video import Video

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

    def put_on(self, videos: "Iterable[Video]") -> None:
        """On all of them; where it is already nothing changes. A crash leaves it on all or on none."""
        through = self.videos.through
        rows = [through(tag_id=self.pk, video_id=video.pk) for video in videos]
        through.objects.bulk_create(rows, ignore_conflicts=True)

    def take_off(self, videos: "Iterable[Video]") -> None:
        """Off all of them. A tag that is on nothing any more goes."""
        self.videos.through.objects.filter(tag_id=self.pk, video__in=list(videos)).delete()
        Tag.objects.filter(pk=self.pk, videos=None).delete()
