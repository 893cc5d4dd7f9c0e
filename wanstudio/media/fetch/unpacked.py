"""Unpacked deliveries: files that a server compressed although nobody asked it to."""

import gzip
import hashlib
import shutil
import zlib
from pathlib import Path

from wanstudio.media.errors import too_large, truncated

_GZIP = b"\x1f\x8b"
_CHUNK_BYTES = 256 * 1024


def unpacked(path: Path, max_bytes: int) -> str:
    """Unpacks the file in its place if it is gzip. Returns the SHA-256 of what came out, or "" for any other file.

    Raises MediaError for a broken one, FetchError for more than `max_bytes`: then `path` is as it was.
    """
    with path.open("rb") as packed:
        if packed.read(2) != _GZIP:
            return ""
    digest, size, out = hashlib.sha256(), 0, path.with_suffix(".unpacked")
    try:
        with gzip.open(path) as packed, out.open("wb") as plain:
            while chunk := packed.read(_CHUNK_BYTES):
                size += len(chunk)
                if size > max_bytes:
                    raise too_large(max_bytes)
                digest.update(chunk)
                plain.write(chunk)
        shutil.move(out, path)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise truncated() from None
    finally:
        out.unlink(missing_ok=True)
    return digest.hexdigest()
