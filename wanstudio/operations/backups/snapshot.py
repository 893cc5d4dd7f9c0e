"""Layout of a backup on the disk.

DIR/media/…                      files that rows name, under the names they have in the studio; shared by all backups
DIR/backup-20261123T043000Z-…/   one backup, named only once it is whole
    manifest.json                what is in it, with hashes; see `Manifest`
    media.jsonl                  a file a line: path, size_bytes, sha256, row
    studio.sqlite3               the database of SQLite, or
    tables/NAME.copy             each table of PostgreSQL, as COPY writes it
    secret.key, encryption.key   only if it was asked for
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.utils.crypto import salted_hmac

from wanstudio.data_files import sync, whole

FORMAT = 1
# A database that was set aside is a backup, too, but never the newest one. Earlier versions named their bare copies so.
PREFIX, ASIDE, PARTIAL = "backup-", "studio-", ".partial-"
MANIFEST, MEDIA_LIST, SECRET, ENCRYPTION = "manifest.json", "media.jsonl", "secret.key", "encryption.key"
LAST = "last-backup.json"


class CannotOperate(Exception):
    """One sentence for the terminal: what is wrong, and what to do. Nothing was changed."""


@dataclass
class Manifest:
    """`rows` counts by table; `sequences` are the last ids given; `missing` are files that rows name and lack."""

    made_at: str
    kind: str
    migrations: list[list[str]]
    rows: dict[str, int]
    sequences: dict[str, int]
    files: dict[str, list[str | int]] = field(default_factory=dict)
    media_files: int = 0
    media_bytes: int = 0
    has_media: bool = True
    missing: list[str] = field(default_factory=list)
    secret_key_included: bool = False
    secret_key_fingerprint: str = ""
    format: int = FORMAT

    @property
    def when(self) -> str:
        return f"{datetime.fromisoformat(self.made_at):%-d %b %Y, %H:%M} UTC"


@dataclass
class MediaFile:
    path: str
    size_bytes: int
    sha256: str
    row: str


def fingerprint() -> str:
    """Tells whether two secret keys are the same, and nothing else about them."""
    return salted_hmac("wanstudio.backup", "fingerprint", algorithm="sha256").hexdigest()[:32]


def write_json(path: Path, value: object) -> None:
    with whole(path) as draft:
        draft.write(json.dumps(value, indent=1).encode())


def seal(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, with the hash of every file beside it."""
    names = sorted(path for path in folder.rglob("*") if path.is_file())
    manifest.files = {str(path.relative_to(folder)): list(hash_of(path)) for path in names}
    write_json(folder / MANIFEST, asdict(manifest))


def read_manifest(folder: Path) -> Manifest:
    try:
        fields = json.loads((folder / MANIFEST).read_bytes())
        if fields["format"] != FORMAT:
            raise CannotOperate(f"{folder} was made by a newer Wan Studio. Restore it with that version.")
        return Manifest(**fields)
    except (OSError, ValueError, TypeError, KeyError):
        raise CannotOperate(f"{folder} is not a whole backup: its {MANIFEST} is missing or broken.") from None


def manifest_of(folder: Path) -> Manifest | None:
    """None for anything but a whole backup of this format."""
    try:
        return read_manifest(folder)
    except CannotOperate:
        return None


def media_of(folder: Path) -> dict[str, str] | None:
    """Path to sha256 of the files that this backup names, or None if that cannot be read."""
    try:
        return {one.path: one.sha256 for one in read_media(folder)} if manifest_of(folder) else None
    except (OSError, ValueError, TypeError):
        return None


def read_media(folder: Path) -> Iterator[MediaFile]:
    with (folder / MEDIA_LIST).open() as lines:
        for line in lines:
            yield MediaFile(**json.loads(line))


def newest(given: Path) -> Path:
    """The backup itself if `given` is one, else the newest in it."""
    if (given / MANIFEST).exists():
        return given
    if not (found := sorted(given.glob(f"{PREFIX}*/{MANIFEST}"))):
        raise CannotOperate(f"There is no whole backup in {given}.")
    return found[-1].parent


def discard(backup: Path) -> None:
    """Marked as no backup, then deleted. Crash in between: the next backup into its folder removes the rest."""
    left = backup.with_name(f"{PARTIAL}{backup.name}")
    os.replace(backup, left)
    sync(left.parent)
    remove(left)


def remove(left: Path) -> None:
    shutil.rmtree(left) if left.is_dir() else left.unlink()


def some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def is_intact(path: Path, sha256: str) -> bool:
    try:
        return hash_of(path).sha256 == sha256
    except OSError:
        return False


def secret_key_file() -> Path:
    return Path(settings.DATA_DIR) / SECRET


def media_root() -> Path:
    return Path(settings.DATA_DIR) / "media"


class Hashed(NamedTuple):
    sha256: str
    size_bytes: int


def hash_of(path: Path) -> Hashed:
    with path.open("rb") as file:
        return Hashed(hashlib.file_digest(file, "sha256").hexdigest(), file.tell())


def copy(source: Path, target: Path) -> Hashed:
    """The file, whole and on the disk under its new name, or (after a crash, after an exception) not there at all."""
    with source.open("rb") as file, whole(target) as draft:
        shutil.copyfileobj(file, draft, 1024 * 1024)
    return hash_of(target)
