"""Sources, the inputs of videos: a picture of a character or a clip of motion, uploaded or behind a link."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePath
from uuid import uuid4

from django.db import models
from django.db.models.functions import Now
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.teams.models import Team
from wanstudio.uploads.codecs import codec_name
from wanstudio.uploads.names import readable
from wanstudio.work.leases import Leased


def _stored_name(source: "Source", name: str) -> str:
    return f"sources/{source.team_id}/{uuid4().hex}{PurePath(name).suffix.lower()}"


@dataclass(frozen=True)
class Facts:
    """What a probe finds, by the names of a source's fields. A picture has no duration (seconds) and no fps."""

    format: str
    width: int
    height: int
    size_bytes: int | None = None
    duration: float | None = None
    fps: float | None = None
    has_audio: bool = False
    codec: str = ""
    conversion: str = ""


class Source(Leased):
    """A character or a motion. Facts are the probe's; a link's are checked again before money is spent.

    Due for the worker only while a link has no poster yet, a clip no preview, or a file of an earlier version is to be
    cleaned.
    """

    class Kind(models.TextChoices):
        CHARACTER = "character", "Character"
        MOTION = "motion", "Motion"

    class Conversion(models.TextChoices):
        """The uses of an H.264 MP4 of the clip, upright and with square pixels: its preview."""

        SHOWN = "shown", "For players"
        SENT = "sent", "For players and for the provider"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="sources", db_index=False)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    file_name = models.CharField(max_length=200, db_column="name", help_text="As it was sent, or as its link ends.")
    given_name = models.CharField(
        max_length=200, null=True, help_text="What people call it; null before 0.5.0: after its file."
    )
    url = models.TextField(blank=True)
    file = models.FileField(upload_to=_stored_name, max_length=200, blank=True)
    poster = models.FileField(upload_to=_stored_name, max_length=200, blank=True)
    placeholder = models.TextField(
        null=True,
        editable=False,
        help_text="A tiny WebP of its poster, in base64; null before 0.6.0, empty if unknown.",
    )
    preview = models.FileField(upload_to=_stored_name, max_length=200, blank=True)
    fingerprint = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the file, or of the link: the same again is the same."
    )
    format = models.CharField(max_length=10)
    size_bytes = models.BigIntegerField(null=True)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    duration = models.FloatField(null=True, help_text="Seconds of the container; null for a picture.")
    fps = models.FloatField(null=True)
    has_audio = models.BooleanField(default=False)
    codec = models.CharField(max_length=20, blank=True, help_text="Of a clip: h264, hevc; unknown before 0.4.0.")
    conversion = models.CharField(max_length=10, blank=True, choices=Conversion.choices)
    cleaned_at = models.DateTimeField(
        null=True,
        blank=True,
        default=timezone.now,
        help_text="Null: added before 0.5.0, and its metadata is still there.",
    )
    probed_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(default=timezone.now, help_text="Orders the recent ones.")
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True, help_text="In the bin since.")
    deleted_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    erased_at = models.DateTimeField(null=True, blank=True, help_text="Its files are gone; the row is its jobs'.")

    class Meta(Leased.Meta):
        indexes = [
            models.Index(fields=["team", "kind", "-used_at"], name="source_recent"),
            models.Index(fields=["team", "-id"], name="source_newest", condition=models.Q(deleted_at=None)),
            models.Index(fields=["team", "kind", "-id"], name="source_of_kind", condition=models.Q(deleted_at=None)),
            models.Index(fields=["team", "-id"], name="source_bin", condition=models.Q(deleted_at__isnull=False)),
            models.Index(fields=["team", "kind", "fingerprint", "id"], name="source_same"),
            models.Index(
                fields=["cleaned_at", "id"],
                name="source_uncleaned",
                condition=models.Q(cleaned_at=None) & ~models.Q(file=""),
            ),
            *Leased.Meta.indexes,
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.given_name or readable(self.file_name, is_motion=self.is_motion)

    @name.setter
    def name(self, name: str) -> None:
        self.given_name = name

    @property
    def is_motion(self) -> bool:
        return self.kind == self.Kind.MOTION

    @property
    def player_url(self) -> str:
        """Where a browser finds a clip that it can show. Empty for a link, and as long as only a preview would do."""
        if not (self.is_motion and self.file) or (self.conversion and not self.preview):
            return ""
        return reverse("uploads.preview" if self.preview else "uploads.file", args=[self.pk])

    @property
    def awaits_preview(self) -> bool:
        """Whether one is being made. Without it and without this, none could be made."""
        return bool(self.conversion and self.file and not self.preview and self.due_at)

    @property
    def facts(self) -> str:
        """What it is: `26.0 s · 720 × 1280 · 30 fps · H.264 · MP4 · 18.4 MB`, `1024 × 1536 · PNG · 2.1 MB`."""
        size = filesizeformat(self.size_bytes) if self.size_bytes and self.size_bytes >= 50_000 else ""
        if not size and self.size_bytes:
            size = f"{max(self.size_bytes // 1024, 1)} KB"
        frame = f"{self.width} × {self.height}"
        if not self.is_motion:
            return " · ".join(fact for fact in (frame, self.format, size) if fact)
        length = f"{self.duration:.1f} s" if self.duration else ""
        rate = f"{self.fps:.2f}".rstrip("0").rstrip(".") + " fps" if self.fps else ""
        coded = codec_name(self.codec) if self.codec else ""
        return " · ".join(fact for fact in (length, frame, rate, coded, self.format.upper(), size) if fact)

    def alike(self) -> models.QuerySet["Source"]:
        """The team's rows of the same file or link, itself among them: uploaded twice it is still one thing."""
        same = models.Q(pk=self.pk)
        if self.fingerprint:
            same |= models.Q(team=self.team_id, kind=self.kind, fingerprint=self.fingerprint)
        return Source.objects.filter(same)

    def is_older_than(self, age: timedelta) -> bool:
        """Whether the probe of a link is too old to spend money on."""
        return bool(self.url) and Source.objects.filter(pk=self.pk, probed_at__lt=Now() - age).exists()


class PartialUpload(models.Model):
    """A file that arrives in pieces, and what it has become: a `source`, or the sentence why it was refused."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Source.Kind.choices)
    name = models.CharField(max_length=255)
    size_bytes = models.BigIntegerField()
    metadata = models.TextField(blank=True, help_text="As the sender wrote it: it is told again.")
    fingerprint = models.CharField(max_length=64, blank=True, help_text="SHA-256 of it as sent, once it is whole.")
    source = models.ForeignKey(Source, null=True, on_delete=models.CASCADE, related_name="+")
    refusal = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return self.name

    @property
    def is_over(self) -> bool:
        return bool(self.source_id or self.refusal)
