"""Verbs of sources: adding one from a file or a link, what a probe found, the bin."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from hashlib import file_digest, sha256
from pathlib import PurePath
from urllib.parse import unquote, urlsplit

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.media.decoder_messages import Cleaning
from wanstudio.media.pictures.placeholders import placeholder_of
from wanstudio.teams.models import Team
from wanstudio.uploads import scans
from wanstudio.uploads.models import Facts, Source
from wanstudio.uploads.names import readable

BINNED_FOR = timedelta(days=29)


def add_file(source: Source, file: UploadedFile[bytes], poster: bytes, cleaning: Cleaning) -> Source:
    """The new row of a file that was sent, with its poster. A crash leaves at most files without a row.

    The fingerprint is that of the file as it was sent: so the same file again is known before it is cleaned. If it was
    added in another request meanwhile, that row is returned.
    """
    source.file_name = (file.name or "file")[-200:]
    source.fingerprint = source.fingerprint or fingerprint_of(file)
    kept: File[bytes] = file
    if cleaning.file:
        kept = ContentFile(cleaning.file)
        source.file_name = f"{PurePath(source.file_name).stem[:190]}.{source.format.lower().replace('jpeg', 'jpg')}"
    cleaning.apply(file, file.size or 0)
    try:
        source.file.save(f"source.{source.format.lower()}", kept, save=False)
        source.poster.save("poster.jpg", ContentFile(poster), save=False)
        source.placeholder = placeholder_of(poster)
        with transaction.atomic():
            # One after the other in a team: of two requests with the same file one adds it.
            Team.objects.select_for_update(no_key=True).get(pk=source.team_id)
            same = find_same(source.team, source.kind, source.fingerprint)
            if same is None:
                _add(source)
    except Exception:
        # Without its row no one would find the files again.
        _delete_files(source)
        raise
    if same is None:
        return source
    _delete_files(source)
    return bring_back(same, source.person)


def fingerprint_of(file: UploadedFile[bytes]) -> str:
    """SHA-256 of the bytes as they were sent."""
    if known := getattr(file, "fingerprint", ""):
        return str(known)
    file.seek(0)
    return file_digest(file, "sha256").hexdigest()


def _delete_files(source: Source) -> None:
    for stored in (source.file, source.poster):
        if stored:
            stored.delete(save=False)


def find_same(team: Team, kind: str, fingerprint: str) -> Source | None:
    """The team's own upload of these bytes, rather one in use than one in the bin; None if its file is gone.

    What the bin gives up within a day is left to it: it must not be deleted while it is taken into use.
    """
    lasting = models.Q(deleted_at=None) | models.Q(deleted_at__gt=Now() - BINNED_FOR)
    rows = Source.objects.filter(lasting, team=team, kind=kind, fingerprint=fingerprint, erased_at=None)
    rows = rows.exclude(file="").order_by(models.F("deleted_at").desc(nulls_first=True), "pk")
    return next((row for row in rows if row.file.storage.exists(str(row.file.name))), None)


def bring_back(source: Source, person: User) -> Source:
    """Used now; out of the bin, if it is there."""
    if source.deleted_at and restore(source, by=person):
        source.deleted_at = None
    touch(source)
    return source


def add_link(team: Team, person: User, kind: str, url: str, facts: Facts) -> Source:
    source = Source.objects.filter(team=team, kind=kind, url=url, deleted_at=None).first()
    if source:
        learn(source, facts)
        touch(source)
        return source
    made = Source(team=team, person=person, kind=kind, url=url, file_name=_name_in(url), **asdict(facts))
    made.fingerprint = sha256(url.encode()).hexdigest()
    _add(made)
    return made


def _add(source: Source) -> None:
    """Its new row, and who has added it: both or neither. The worker makes what is still to be made."""
    source.name = readable(source.file_name, is_motion=source.is_motion)
    source.due_at = Now() if source.url or source.conversion else None
    with transaction.atomic():
        source.save(force_insert=True)
        scans.ask_for(source)
        record(team=source.team_id, person=source.person, act="upload.added", about=source.name, on=source)
    if source.due_at:
        source.wake()


def _name_in(url: str) -> str:
    unquoted = unquote(PurePath(urlsplit(url).path).name)
    # What is unquoted can be anything: a NUL, which PostgreSQL refuses, or a line break in the subject of a mail.
    printable = "".join(sign for sign in unquoted if sign.isprintable()).strip()
    return (printable or urlsplit(url).hostname or "link")[:200]


def learn(source: Source, facts: Facts) -> None:
    fields = asdict(facts)
    Source.objects.filter(pk=source.pk).update(probed_at=Now(), **fields)
    for name, value in fields.items():
        setattr(source, name, value)
    source.probed_at = timezone.now()


def rename(source: Source, name: str, *, by: User) -> None:
    """Jobs keep their titles. The same name again changes nothing."""
    was = source.name
    if name == was:
        return
    with transaction.atomic():
        Source.objects.filter(pk=source.pk).update(given_name=name)
        record(team=source.team_id, person=by, act="upload.renamed", about=f"{was} → {name}", on=source)
    source.name = name


def touch(*sources: Source) -> None:
    Source.objects.filter(pk__in=[source.pk for source in sources]).update(used_at=Now())


def keep_poster(source: Source, jpeg: bytes) -> None:
    """Keep the still picture. A crash before the row is written leaves an orphan file and the row due."""
    source.poster.save("poster.jpg", ContentFile(jpeg), save=False)
    Source.objects.filter(pk=source.pk).update(poster=source.poster.name, placeholder=placeholder_of(jpeg))


def keep_preview(source: Source, stored: str) -> None:
    """Keep the preview that was made, unless its source was erased meanwhile. A crash leaves an orphan file."""
    if not Source.objects.filter(pk=source.pk, erased_at=None).update(preview=stored):
        default_storage.delete(stored)


def discard(source: Source, person: User | None = None) -> None:
    """Into the bin, out of every list. The file stays for 30 days: jobs were made from it."""
    with transaction.atomic():
        here = Source.objects.filter(pk=source.pk, deleted_at=None)
        if here.update(deleted_at=Now(), deleted_by=person):
            record(team=source.team_id, person=person, act="upload.deleted", about=source.name, on=source)


def restore(source: Source, *, by: User | None = None) -> bool:
    """Out of the bin; False if its files are gone by now."""
    with transaction.atomic():
        binned = Source.objects.filter(pk=source.pk, deleted_at__isnull=False, erased_at=None)
        if taken := bool(binned.update(deleted_at=None, deleted_by=None)):
            record(team=source.team_id, person=by, act="upload.restored", about=source.name, on=source)
        return taken
