"""Cleaning of uploads that earlier versions have kept as they were sent: once, before anyone gets them."""

import shutil
from dataclasses import asdict
from hashlib import file_digest
from pathlib import Path, PurePath
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.db.models.functions import Now

from wanstudio.media.decoder_messages import Cleaning
from wanstudio.media.pictures.placeholders import placeholder_of
from wanstudio.uploads.cuts import write_whole
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import probe_file


def uncleaned() -> QuerySet[Source]:
    return Source.objects.filter(cleaned_at=None).exclude(file="")


def ensure_clean(source: Source) -> None:
    """The file without metadata, under a new name; nothing if that is done. Its fingerprint is that of what was sent.

    Raises MediaError, FetchError BUSY and OSError: then no one can get it. A crash leaves a file without a row, which
    the sweep deletes, and the row as it was.
    """
    if source.cleaned_at or not source.file:
        return
    try:
        _clean(source)
    except FileNotFoundError:
        # Another has cleaned it meanwhile, and taken the old file away.
        source.refresh_from_db()
        if source.cleaned_at is None:
            raise


def _clean(source: Source) -> None:
    before, poster_before = str(source.file.name), str(source.poster.name or "")
    with default_storage.open(before, "rb") as file:
        facts, poster, cleaning = probe_file(source.kind, file)
        file.seek(0)
        sent = source.fingerprint or file_digest(file, "sha256").hexdigest()
    changes = {name: value for name, value in asdict(facts).items() if value is not None}
    if not cleaning.file:
        changes["size_bytes"] = source.size_bytes
    # What was priced by it stays at that price.
    changes["duration"] = source.duration
    changes |= {"file": _cleaned(source, cleaning), "fingerprint": sent, "cleaned_at": Now()}
    source.poster.save("poster.jpg", ContentFile(poster), save=False)
    changes |= {"poster": str(source.poster.name), "placeholder": placeholder_of(poster)}
    if cleaning.file:
        changes["file_name"] = f"{PurePath(source.file_name).stem[:190]}.{facts.format.lower().replace('jpeg', 'jpg')}"
    if facts.conversion:
        changes["due_at"] = Now()
    won = uncleaned().filter(pk=source.pk, file=before, erased_at=None).update(**changes)
    # Of two that clean it at the same time one has done it; those of the other go.
    unused = {before, poster_before} if won else {changes["file"], changes["poster"]}
    source.refresh_from_db()
    for name in unused - {str(source.file.name), str(source.poster.name), ""}:
        default_storage.delete(str(name))


def _cleaned(source: Source, cleaning: Cleaning) -> str:
    """The name in the storage of its file without metadata; the same one if it has none."""
    before = Path(source.file.path)
    if cleaning == Cleaning():
        return str(source.file.name)
    name = f"sources/{source.team_id}/{uuid4().hex}{before.suffix}"

    def make(draft: Path) -> None:
        if cleaning.file:
            draft.write_bytes(cleaning.file)
            return
        shutil.copyfile(before, draft)
        with draft.open("r+b") as file:
            cleaning.apply(file, draft.stat().st_size)

    write_whole(name, make)
    return name
