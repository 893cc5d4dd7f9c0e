"""Media files: those that rows name, whatever the model, and their copies in a backup.

Their names are generated at random and never written again, so a name means one content.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple, cast

from django.apps import apps
from django.core.files.storage import default_storage
from django.db import connection, models

from wanstudio.data_files import whole
from wanstudio.operations.backups.snapshot import MEDIA_LIST, Manifest, MediaFile, copy, hash_of, is_intact, media_root
from wanstudio.storage.bucket_files import BucketFiles
from wanstudio.storage.whole_files import WholeFiles

Query = Callable[[str], Iterable[tuple[object, ...]]]


class Reference(NamedTuple):
    """A file that a row names. `sha256` is empty where the row does not know it."""

    path: str
    row: str
    sha256: str = ""


def file_fields() -> Iterator[tuple[type[models.Model], models.FileField]]:
    for model in apps.get_app_config("wanstudio").get_models():
        for column in model._meta.concrete_fields:
            if isinstance(column, models.FileField):
                yield model, column


def names(concerned: Callable[[str], bool] = bool) -> set[str]:
    """The name in the storage of every file that a row names right now, or of those that concern the caller."""
    found: set[str] = set()
    for model, column in file_fields():
        rows = model._default_manager.exclude(**{column.name: ""})
        found |= {name for name in rows.values_list(column.name, flat=True).iterator() if concerned(name)}
    return found


def references(query: Query) -> Iterator[Reference]:
    """Every file that a row names, through `query`, the backup's view of the database; only columns that it has."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for model, named_in in file_fields():
            if (table := model._meta.db_table) not in tables:
                continue
            there = {column.name for column in connection.introspection.get_table_description(cursor, table)}
            if (file := named_in.column) not in there:
                continue
            # `sha256` beside `file` is that file's: the archive writes both together.
            sha256 = "sha256" if named_in.name == "file" and "sha256" in there else "''"
            sql = f'SELECT id, "{file}", {sha256} FROM "{table}" WHERE "{file}" <> \'\''  # noqa: S608 (names of ours)
            for pk, path, digest in query(sql):
                yield Reference(str(path), f"{model._meta.model_name} {pk} {named_in.name}", str(digest or ""))


def to_copy(referenced: Iterable[Reference], pool: Path) -> int:
    """Bytes that a backup into `pool` will add, from the sizes on this disk alone: no bucket is asked."""
    return sum(max(_size(media_root() / one.path), 0) for one in referenced if _size(pool / one.path) < 0)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def copy_all(
    referenced: Iterable[Reference], pool: Path, into: Path, before: dict[str, str], manifest: Manifest
) -> tuple[int, int]:
    """Every file into the pool, unless it is there already with its hash; the list of them, and the manifest's counts.

    `before`: path to sha256, as the last backup had them. Returns how many are new, and how many were deleted while the
    backup was made, rows and all; the manifest names those that rows still name.
    """
    new, lost = 0, []
    with whole(into / MEDIA_LIST) as lines:
        for one in referenced:
            try:
                entry, fresh = _copy(one, pool, one.sha256 or before.get(one.path, ""))
            except FileNotFoundError:
                lost.append(one)
                continue
            lines.write((json.dumps(asdict(entry)) + "\n").encode())
            manifest.media_files += 1
            manifest.media_bytes += entry.size_bytes
            new += fresh
    alive = names() if lost else set()
    manifest.missing = [f"{one.path} ({one.row})" for one in lost if one.path in alive]
    return new, len(lost) - len(manifest.missing)


def write_list(referenced: Iterable[Reference], into: Path) -> None:
    """Writes the list only; the files are not copied."""
    with whole(into / MEDIA_LIST) as lines:
        for one in referenced:
            entry = MediaFile(one.path, max(_size(media_root() / one.path), 0), one.sha256, one.row)
            lines.write((json.dumps(asdict(entry)) + "\n").encode())


def _copy(one: Reference, pool: Path, expected: str) -> tuple[MediaFile, bool]:
    target = pool / one.path
    if expected and target.exists() and (there := hash_of(target)).sha256 == expected:
        return MediaFile(one.path, there.size_bytes, there.sha256, one.row), False
    with whole(target) as draft:
        cast(WholeFiles, default_storage).copy_to(one.path, draft)
    made = hash_of(target)
    return MediaFile(one.path, made.size_bytes, made.sha256, one.row), True


def bring_back(one: MediaFile, pool: Path) -> None:
    """Where the studio keeps it, unless it is there already. Crash anywhere: whole, or not there."""
    if isinstance(default_storage, BucketFiles):
        with suppress(FileNotFoundError):
            if default_storage.look(one.path)["Metadata"].get("sha256") == one.sha256:
                return
        default_storage.put(one.path, pool / one.path)
    elif not is_intact(here := media_root() / one.path, one.sha256):
        copy(pool / one.path, here)
