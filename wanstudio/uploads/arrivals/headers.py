"""Headers of the tus protocol: metadata as `filename d2Fsay5tcDQ=,kind bW90aW9u`, a checksum as `sha256 …`."""

import re
from base64 import b64decode
from typing import NamedTuple

from wanstudio.uploads.models import Source

MAX_CHARS = 4096
ALGORITHMS = {"sha256": 32, "sha1": 20, "md5": 16}
"""The length of each checksum in bytes."""
_KEY = re.compile(r"[!-+\--~]{1,100}")
_ENDINGS = {
    Source.Kind.CHARACTER: (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".avif"),
    Source.Kind.MOTION: (".mp4", ".mov", ".m4v", ".webm", ".mkv"),
}
_TYPES = {"image": Source.Kind.CHARACTER, "video": Source.Kind.MOTION}


class Checksum(NamedTuple):
    algorithm: str
    digest: bytes


def checksum_in(header: str) -> Checksum | None:
    """None without one. Raises ValueError if it is of another algorithm, or is none."""
    if not header:
        return None
    algorithm, _, text = header.strip().partition(" ")
    digest = b64decode(text.strip(), validate=True)
    if len(digest) != ALGORITHMS.get(algorithm):
        raise ValueError("no such checksum")
    return Checksum(algorithm, digest)


def metadata_in(header: str) -> dict[str, str]:
    """Values by their keys. Raises ValueError for anything that is not written as the protocol says."""
    if len(header) > MAX_CHARS:
        raise ValueError("too long")
    found: dict[str, str] = {}
    for pair in header.split(",") if header.strip() else ():
        key, _, value = pair.strip().partition(" ")
        if not _KEY.fullmatch(key) or key in found:
            raise ValueError("a key is wrong, or is there twice")
        found[key] = b64decode(value.strip(), validate=True).decode()
    return found


def name_in(metadata: dict[str, str]) -> str:
    name = metadata.get("filename") or metadata.get("name") or "file"
    # Only its last part: some senders write the whole path.
    plain = "".join(sign for sign in re.split(r"[/\\]", name)[-1] if sign.isprintable()).strip()
    return plain[-200:] or "file"


def kind_in(metadata: dict[str, str]) -> str:
    """What it says, else what its type or its name says; empty if nothing does."""
    if (kind := metadata.get("kind", "")) or "kind" in metadata:
        return kind if kind in Source.Kind.values else ""
    said = metadata.get("filetype") or metadata.get("type") or ""
    if by_type := _TYPES.get(said.partition("/")[0]):
        return by_type
    name = name_in(metadata).lower()
    return next((kind for kind, endings in _ENDINGS.items() if name.endswith(endings)), "")
