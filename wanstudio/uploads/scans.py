"""Scans of clips: what was found in their pictures, and the film strip. One row a clip, worked on in the background."""

from uuid import uuid4

from django.core.files.base import ContentFile
from django.db import models
from django.db.models.functions import Now

from wanstudio.media.scanning import Scanned
from wanstudio.uploads.models import Source
from wanstudio.uploads.preflight import Sent
from wanstudio.uploads.trims import Trim
from wanstudio.work.leases import Leased


def _stored_strip(scan: "Scan", _name: str) -> str:
    return f"sources/{scan.source.team_id}/{uuid4().hex}.jpg"


class Scan(Leased):
    """Due until it is finished, or given up: then there are no findings and no strip, and nothing else is missing.

    `cuts`: seconds; `ranges`: kind, start and end. Both on the clip's own times, whatever part of it is sent.
    """

    source = models.OneToOneField(Source, on_delete=models.CASCADE, related_name="scan")
    strip = models.FileField(upload_to=_stored_strip, max_length=200, blank=True)
    strip_width = models.PositiveIntegerField(default=0, help_text="Of one of its pictures, in pixels.")
    strip_height = models.PositiveIntegerField(default=0)
    strip_count = models.PositiveIntegerField(default=0)
    cuts = models.JSONField(default=list)
    ranges = models.JSONField(default=list)
    finished_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"scan of {self.source_id}"


def ask_for(source: Source) -> Scan | None:
    """Its scan, due from now on if there was none. None for what has no pictures that could be scanned: a link."""
    if not source.is_motion or not source.file:
        return None
    scan, is_new = Scan.objects.get_or_create(source=source, defaults={"due_at": Now()})
    if is_new:
        scan.wake()
    return scan


def keep(scan: Scan, found: Scanned) -> None:
    """What was found, and the strip. A crash before the row is written leaves an orphan file and the row due.

    Raises Stale, and deletes the file, if the lease is lost or the clip is deleted meanwhile.
    """
    scan.strip.save("strip.jpg", ContentFile(found.strip), save=False)
    try:
        scan.postpone(
            None,
            strip=scan.strip.name,
            strip_width=found.width,
            strip_height=found.height,
            strip_count=found.count,
            cuts=found.cuts,
            ranges=[[each.kind, each.start, each.end] for each in found.ranges],
            finished_at=Now(),
        )
    except Exception:
        scan.strip.delete(save=False)
        raise


def sent_of(motion: Source | None, part: Trim, max_s: float) -> Sent:
    """What is generated of a part, and what is in its frames: nothing yet while they are scanned, never of a link."""
    scan = Scan.objects.filter(source=motion).first() if motion and motion.file else None
    end = min(part.end, part.start + max_s)
    return Sent(part.start, end, scan.cuts, scan.ranges) if scan else Sent(part.start, end)
