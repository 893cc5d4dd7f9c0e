"""Metadata of clips: where an MP4 or MOV file has it, so that it can be overwritten where it is, and nothing moves.

Kept is what a player needs: pictures, sound and their index. Place, device, notes, tracks of other kinds (where a phone
or a camera records its way) and what is appended behind the last box become zeros.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise

from .decoder_messages import Cleaning, Span
from .errors import MediaError
from .movie import Box, SeekableFile, boxes_in, content, read_at, size_of, top_boxes, unpack
from .pictures.file_kinds import MATROSKA
from .pictures.user_data import UNITS, jpeg_notes, user_data

_MAX_NOTE_BYTES = 1024 * 1024
_KEPT = {
    "": {"ftyp", "styp", "moov", "moof", "mdat", "sidx", "mfra"},
    "moov": {"mvhd", "trak", "mvex", "iods"},
    "trak": {"tkhd", "mdia", "edts", "tapt"},
    "mdia": {"mdhd", "hdlr", "elng", "minf"},
    "minf": {"vmhd", "smhd", "nmhd", "hdlr", "dinf", "stbl"},
    "stbl": {
        *("stsd", "stts", "ctts", "cslg", "stsc", "stsz", "stz2", "stco", "co64", "stss", "stps", "stsh", "sdtp"),
        *("sbgp", "sgpd", "subs", "saiz", "saio", "padb", "stdp"),
    },
    "moof": {"mfhd", "traf"},
    "traf": {"tfhd", "tfdt", "trun", "sbgp", "sgpd", "subs", "saiz", "saio"},
}
_SEEN = ("vide", "soun")
# Cameras write their own name there: behind the kind of a handler, and in the description of a picture, twice.
_HANDLER_NAME, _CODER_NAMES = 12, ((20, 24), (50, 82))
_PICTURE_BYTES, _SOUND_BYTES = 86, {b"\1": 52, b"\2": 72}
_NOTES = ("uuid", "udta", "meta", "free", "skip", "XMP_", "ID32")


@dataclass
class _Found:
    """Boxes and spans that are to go, the numbers of tracks that do, and where the samples of the others are."""

    file: SeekableFile
    surplus: list[Box] = field(default_factory=list)
    zero: list[Span] = field(default_factory=list)
    blank: list[Span] = field(default_factory=list)
    dropped: set[int] = field(default_factory=set)
    used: list[Span] = field(default_factory=list)


def clip_cleaning(file: SeekableFile) -> Cleaning:
    """The boxes that are to be called `free`, and the spans that are to be zero.

    None of WebM and Matroska, which no one ever gets. Raises MediaError as `probe_video`, which has taken the file
    before.
    """
    if read_at(file, 0, len(MATROSKA)) == MATROSKA:
        return Cleaning()
    size, found = size_of(file), _Found(file)
    boxes = list(top_boxes(file, 0, size))
    found.zero.append((boxes[-1].end if boxes else 0, size))
    for box in _kept(boxes, "", found.surplus):
        for part in _kept(boxes_in(file, box), box.kind, found.surplus) if box.kind in ("moov", "moof") else ():
            if part.kind == "trak":
                _track(found, part)
            elif part.kind == "traf":
                # Phones write none; of other makers' the samples of a dropped track stay, and nothing refers to them.
                _fragment(found, part)
    if not any(box.kind == "moof" for box in boxes):
        found.zero += [span for box in boxes if box.kind == "mdat" for span in _unused(box, sorted(found.used))]
    found.zero += [(box.body, box.end) for box in found.surplus]
    zero = [span for span in found.zero if span[0] < span[1]]
    return Cleaning(free=[box.start + 4 for box in found.surplus], zero=zero, blank=found.blank)


def _kept(boxes: Iterator[Box] | list[Box], parent: str, surplus: list[Box]) -> Iterator[Box]:
    for box in boxes:
        if box.kind in _KEPT[parent]:
            yield box
        else:
            surplus.append(box)


def _unused(box: Box, used: list[Span]) -> Iterator[Span]:
    """What no track that is kept has its samples in. More than a megabyte at once is padding, not a note, and stays."""
    position = box.body
    inside = (span for span in used if box.body <= span[0] < box.end)
    for start, end in (*inside, (box.end, box.end)):
        if start - position <= _MAX_NOTE_BYTES:
            yield position, start
        position = max(position, end)


def _track(found: _Found, track: Box) -> None:
    file, inside = found.file, list[Box]()
    parts = {part.kind: part for part in _kept(boxes_in(file, track), "trak", inside)}
    within = list(boxes_in(file, parts["mdia"])) if "mdia" in parts else []
    media = {part.kind: part for part in _kept(within, "mdia", inside)}
    handler = content(file, media["hdlr"], 4, offset=8).decode("latin-1") if "hdlr" in media else ""
    if handler in _SEEN:
        below = list(_kept(boxes_in(file, media["minf"]), "minf", inside)) if "minf" in media else []
        tables = [part for box in below if box.kind == "stbl" for part in _kept(boxes_in(file, box), "stbl", inside)]
        found.surplus += inside
        # Of samples of one size the table has a size that is none in some files: as much sound is never longer.
        at_least = 64 if handler == "soun" else 0
        chunks = [span for box in below if box.kind == "stbl" for span in _samples(file, box, at_least)]
        found.used += chunks or [(0, 1 << 62)]
        # What its tables say of where it is can be wrong.
        with suppress(MediaError):
            found.zero += jpeg_notes(file, chunks) if handler == "vide" else ()
        for box in (media["hdlr"], *below, *tables):
            _names(found, box, handler, chunks)
        return
    found.surplus.append(track)
    if "tkhd" in parts:
        head = content(file, parts["tkhd"], 24)
        found.dropped.add(unpack("I", head, 20 if head[:1] == b"\1" else 12)[0])
    boxes = boxes_in(file, media["minf"]) if "minf" in media else []
    found.zero += [span for table in boxes if table.kind == "stbl" for span in _samples(file, table)]


def _names(found: _Found, box: Box, handler: str, chunks: list[Span]) -> None:
    """What makers call themselves, and where a file was, in boxes that are kept."""
    file, start = found.file, box.body + 8
    if box.kind == "hdlr":
        found.zero.append((box.body + _HANDLER_NAME, box.end))
    elif box.kind == "dinf":
        for table in boxes_in(file, box):
            entries = boxes_in(file, replace(table, body=table.body + 8)) if table.kind == "dref" else ()
            found.zero += [(entry.body + 4, entry.end) for entry in entries]
    while box.kind == "stsd" and box.body < start < box.end:
        end = min(start + max(unpack("I", read_at(file, start, 4))[0], 8), box.end)
        names = _CODER_NAMES if handler == "vide" else ()
        found.zero += [(start + first, min(start + last, end)) for first, last in names]
        skipped = _PICTURE_BYTES if names else _SOUND_BYTES.get(read_at(file, start + 17, 1), 36)
        with suppress(MediaError):
            parts = boxes_in(file, Box("", start, start + skipped, end))
            for part in parts:
                if part.kind in _NOTES or part.kind.startswith("\xa9"):
                    found.surplus.append(part)
                elif part.kind in UNITS:
                    length = 1 + (content(file, part, 1, offset=UNITS[part.kind][2])[0] & 3)
                    found.blank += user_data(file, part.kind, length, chunks)
        start = end


def _fragment(found: _Found, fragment: Box) -> None:
    file, inside = found.file, list[Box]()
    head = next((box for box in _kept(boxes_in(file, fragment), "traf", inside) if box.kind == "tfhd"), None)
    number = unpack("I", content(file, head, 8), 4)[0] if head else 0
    found.surplus += [fragment] if number in found.dropped else inside


def _samples(file: SeekableFile, table: Box, at_least: int = 0) -> list[Span]:
    """Where the samples of a track are, chunk by chunk; empty if the tables do not say it. Of one size: `at_least`."""
    boxes = {box.kind: box for box in boxes_in(file, table)}
    offsets = _numbers(file, boxes.get("co64"), "Q", 8) or _numbers(file, boxes.get("stco"), "I", 8)
    runs = _numbers(file, boxes.get("stsc"), "III", 8)
    one_size, samples = unpack("II", content(file, boxes["stsz"], 12), 4) if "stsz" in boxes else (0, 1)
    sizes = iter([] if one_size else _numbers(file, boxes.get("stsz"), "I", 12))
    # `stsc` is triples: the first chunk of a run, samples a chunk, a description.
    firsts = [*(min(first, len(offsets) + 1) for first in runs[::3]), len(offsets) + 1]
    each = zip(runs[1::3], pairwise(firsts), strict=True)
    counts = [count for count, (first, end) in each for _ in range(first, end)]
    if not runs or sum(counts) < samples or "stsz" not in boxes:
        return []
    one_size = one_size and max(one_size, at_least)
    lengths = (one_size * count if one_size else sum(next(sizes, 0) for _ in range(count)) for count in counts)
    return [(start, start + length) for start, length in zip(offsets, lengths, strict=False)]


def _numbers(file: SeekableFile, box: Box | None, entry: str, head: int) -> tuple[int, ...]:
    """Those of a table, whose count is the last that its head has."""
    if box is None:
        return ()
    (count,) = unpack("I", content(file, box, head), head - 4)
    data = content(file, box, count * (8 if entry == "Q" else 4 * len(entry)), offset=head)
    return unpack(entry * count, data)
