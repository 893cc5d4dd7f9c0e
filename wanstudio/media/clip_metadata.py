"""Metadata of clips: where an MP4 or MOV file has it, so that it can be overwritten where it is, and nothing moves.

Kept is what a player needs: pictures, sound and their index. Place, device, notes, tracks of other kinds (where a phone
or a camera records its way) and what is appended behind the last box become zeros.
"""

from collections.abc import Iterator
from itertools import chain, repeat

from .decoder_messages import Cleaning, Span
from .movie import Box, SeekableFile, boxes_in, content, read_at, size_of, top_boxes, unpack
from .pictures.file_kinds import MATROSKA

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
# Cameras write their own name there: behind the kind of a handler, and in the description of a picture.
_HANDLER_NAME, _CODER_NAME = 24, (50, 82)


def clip_cleaning(file: SeekableFile) -> Cleaning:
    """The boxes that are to be called `free`, and the spans that are to be zero.

    None of WebM and Matroska, which no one ever gets. Raises MediaError as `probe_video`, which has taken the file
    before.
    """
    if read_at(file, 0, len(MATROSKA)) == MATROSKA:
        return Cleaning()
    size = size_of(file)
    boxes = list(top_boxes(file, 0, size))
    surplus: list[Box] = []
    spans: list[Span] = [(boxes[-1].end if boxes else 0, size)]
    dropped: set[int] = set()
    for box in _kept(boxes, "", surplus):
        for part in _kept(boxes_in(file, box), box.kind, surplus) if box.kind in ("moov", "moof") else ():
            if part.kind == "trak":
                spans += _track(file, part, surplus, dropped)
            elif part.kind == "traf":
                # Phones write none; of other makers' the samples of a dropped track stay, and nothing refers to them.
                _fragment(file, part, surplus, dropped)
    spans += [(box.body, box.end) for box in surplus]
    return Cleaning(free=[box.start + 4 for box in surplus], zero=[span for span in spans if span[0] < span[1]])


def _kept(boxes: Iterator[Box] | list[Box], parent: str, surplus: list[Box]) -> Iterator[Box]:
    for box in boxes:
        if box.kind in _KEPT[parent]:
            yield box
        else:
            surplus.append(box)


def _track(file: SeekableFile, track: Box, surplus: list[Box], dropped: set[int]) -> list[Span]:
    inside: list[Box] = []
    parts = {part.kind: part for part in _kept(boxes_in(file, track), "trak", inside)}
    media: dict[str, Box] = {}
    if "mdia" in parts:
        media = {part.kind: part for part in _kept(boxes_in(file, parts["mdia"]), "mdia", inside)}
    handler = content(file, media["hdlr"], 4, offset=8).decode("latin-1") if "hdlr" in media else ""
    if handler in _SEEN:
        below = list(_kept(boxes_in(file, media["minf"]), "minf", inside)) if "minf" in media else []
        tables = [part for box in below if box.kind == "stbl" for part in _kept(boxes_in(file, box), "stbl", inside)]
        surplus += inside
        return [span for box in (media["hdlr"], *below, *tables) for span in _names(file, box, handler)]
    surplus.append(track)
    if "tkhd" in parts:
        head = content(file, parts["tkhd"], 24)
        dropped.add(unpack("I", head, 20 if head[:1] == b"\1" else 12)[0])
    tables = [box for box in boxes_in(file, media["minf"]) if box.kind == "stbl"] if "minf" in media else []
    return [span for table in tables for span in _samples(file, table)]


def _names(file: SeekableFile, box: Box, handler: str) -> Iterator[Span]:
    """What makers call themselves in boxes that are kept, where they do."""
    if box.kind == "hdlr":
        yield box.body + _HANDLER_NAME, box.end
    elif box.kind == "stsd" and handler == "vide":
        entry = box.body + 8
        while box.body < entry < box.end:
            yield entry + _CODER_NAME[0], min(entry + _CODER_NAME[1], box.end)
            entry += max(unpack("I", read_at(file, entry, 4))[0], 8)


def _fragment(file: SeekableFile, fragment: Box, surplus: list[Box], dropped: set[int]) -> None:
    inside: list[Box] = []
    head = next((box for box in _kept(boxes_in(file, fragment), "traf", inside) if box.kind == "tfhd"), None)
    is_dropped = head is not None and unpack("I", content(file, head, 8), 4)[0] in dropped
    surplus += [fragment] if is_dropped else inside


def _samples(file: SeekableFile, table: Box) -> list[Span]:
    """Where the samples of a track are, chunk by chunk."""
    boxes = {box.kind: box for box in boxes_in(file, table)}
    offsets = _numbers(file, boxes.get("co64"), "Q", 8) or _numbers(file, boxes.get("stco"), "I", 8)
    runs = _numbers(file, boxes.get("stsc"), "I", 8)
    one_size = unpack("I", content(file, boxes["stsz"], 8), 4)[0] if "stsz" in boxes else 0
    sizes = iter([] if one_size else _numbers(file, boxes.get("stsz"), "I", 12))
    counts = _counts(runs, len(offsets))
    lengths = (one_size * count if one_size else sum(next(sizes, 0) for _ in range(count)) for count in counts)
    return [(start, start + length) for start, length in zip(offsets, lengths, strict=False)]


def _counts(runs: tuple[int, ...], chunks: int) -> Iterator[int]:
    """How many samples each chunk has. `stsc` is triples: the first chunk of a run, samples a chunk, a description."""
    firsts, counts = runs[::3], runs[1::3]
    ends = (*firsts[1:], chunks + 1)
    return chain.from_iterable(
        repeat(count, max(0, end - first)) for first, count, end in zip(firsts, counts, ends, strict=True)
    )


def _numbers(file: SeekableFile, box: Box | None, kind: str, head: int) -> tuple[int, ...]:
    if box is None:
        return ()
    data = content(file, box, box.end - box.body, offset=head)
    width = 8 if kind == "Q" else 4
    return unpack(f"{len(data) // width}{kind}", data)
