"""Bucket files: the media in a bucket, and the media folder as the cache of what this machine uses of them.

The road not taken is django-storages: its files have no path, which decoders in processes of their own need. It brings
boto3 with it, and would save the few calls of `bucket.py`.
"""

import fcntl
import logging
import os
import time
from contextlib import suppress
from hashlib import file_digest
from io import BufferedRandom
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO, cast
from zlib import crc32

from django.conf import settings
from django.core.files.base import File

from wanstudio.settings_bucket import Bucket
from wanstudio.storage import bucket
from wanstudio.storage.bucket import BucketRefused
from wanstudio.storage.whole_files import Moved, WholeFiles

log = logging.getLogger(__name__)

LINK_S, LOCKS = 5 * 60, 32
# What was used so lately can be open in a moment. What was not for so long can have been deleted by another machine.
IN_USE_S, UNUSED_S, PRUNE_EVERY_S = 5 * 60, 3 * 24 * 60 * 60, 60
CHANGED = "A file in the bucket {bucket} is not the one that was put there. Bring back its earlier version."


class BucketFiles(WholeFiles):
    """A stored file is in the bucket before anything can name it. On this disk it is the same, or is not there.

    Raises BucketRefused where the bucket does not answer, and FileNotFoundError if it has no such file.
    """

    def __init__(self, location: Path) -> None:
        super().__init__(location=location)
        self.cache, self.bucket = WholeFiles(location=location), cast(Bucket, settings.MEDIA_BUCKET)
        self.pruned_at = 0.0

    def key(self, name: str) -> str:
        return self.bucket.media_folder + name

    def _save(self, name: str, content: "File[bytes]") -> str:
        """A crash leaves files that no row names, on the disk and in the bucket: the sweep deletes them a day later."""
        name = self.cache._save(name, content)
        try:
            self.put(name, Path(self.cache.path(name)))
        except BaseException:
            self.cache.delete(name)
            raise
        self.prune()
        return name

    def put(self, name: str, file: Path) -> None:
        with file.open("rb") as opened:
            sha256 = file_digest(opened, "sha256").hexdigest()
        bucket.put(self.key(name), file, "", self.bucket, sha256=sha256)

    def used(self, name: str) -> None:
        """The bucket counts its days from now on, too."""
        self.put(name, Path(self.path(name)))

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Names are random, or mean one content: the bucket need not be asked."""
        return self.cache.get_available_name(name, max_length)

    def path(self, name: str) -> str:
        """Where it is on this disk by now. Of a name that the bucket does not know: where it would be."""
        path = self.cache.path(name)
        try:
            os.utime(path)
        except FileNotFoundError:
            with suppress(FileNotFoundError):
                self._fetch(name)
        return path

    def _fetch(self, name: str) -> None:
        """Of all processes of this machine one fetches a file, and the others find it."""
        folder, number = Path(settings.FILE_UPLOAD_TEMP_DIR), crc32(name.encode()) % LOCKS
        with (folder / f"fetching-{number}").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.cache.exists(name):
                return
            self.prune()
            with NamedTemporaryFile(dir=folder, prefix="fetched-", delete=False) as draft:
                try:
                    self.copy_to(name, cast(BinaryIO, draft))
                    draft.flush()
                    os.fsync(draft.fileno())
                    self.cache._save(name, Moved(draft, draft.name))
                finally:
                    Path(draft.name).unlink(missing_ok=True)

    def copy_to(self, name: str, target: BinaryIO) -> None:
        if self.cache.exists(name):
            return self.cache.copy_to(name, target)
        sha256 = bucket.fetch(self.key(name), target, self.bucket)["Metadata"].get("sha256")
        target.seek(0)
        if sha256 and file_digest(cast(BufferedRandom, target), "sha256").hexdigest() != sha256:
            raise BucketRefused(CHANGED.format(bucket=self.bucket.name))
        return None

    def look(self, name: str) -> bucket.Object:
        return bucket.look(self.key(name), self.bucket)

    def exists(self, name: str) -> bool:
        with suppress(FileNotFoundError):
            return self.cache.exists(name) or bool(self.look(name))
        return False

    def size(self, name: str) -> int:
        with suppress(FileNotFoundError):
            return self.cache.size(name)
        return self.look(name)["ContentLength"]

    def delete(self, name: str) -> None:
        self.cache.delete(name)
        try:
            bucket.remove(self.key(name), self.bucket)
        except BucketRefused as refused:
            log.warning("a deleted file stays in the bucket until the hourly sweep: %s", refused.sentence)

    def link(self, name: str, kind: str, disposition: str) -> str:
        answer = {"ResponseContentType": kind, "ResponseContentDisposition": disposition}
        return bucket.link(self.key(name), LINK_S, self.bucket, **answer)

    def prune(self) -> None:
        """The files that were used longest ago leave the disk, until the rest is small enough.

        Each only if the bucket has it: a file that is just being put stays. Nothing, if another prunes at this moment.
        """
        now, root = time.time(), Path(self.location)
        if now - self.pruned_at < PRUNE_EVERY_S:
            return
        self.pruned_at = now
        with suppress(BucketRefused, FileNotFoundError):
            found = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in root.rglob("*.*"))
            over = sum(size for _, size, _ in found) - settings.MEDIA_CACHE_BYTES
            for used_at, size, path in found:
                if used_at > now - IN_USE_S or (over <= 0 and used_at > now - UNUSED_S):
                    break
                with suppress(FileNotFoundError):
                    if self.look(path.relative_to(root).as_posix())["ContentLength"] == size:
                        path.unlink()
                        over -= size
