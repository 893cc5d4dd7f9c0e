"""Fragmented files and their duration: the header says 0, or the length of the first part only.

ISO/IEC 14496-12, sections 8.8 (moof, mfra) and 8.16 (sidx). Read whole, every fragment is visited. Over the network
the first source that can be trusted wins: the header's mehd, a sidx that covers the file, the last fragments as found
through mfra, the last fragments as found by searching the tail.
"""

from collections.abc import Iterable

from .errors import MediaError, MediaProblem
from .movie import MAX_SAMPLES, Box, Movie, SeekableFile, Track, boxes_in, content, read_at, top_boxes, unpack

_SMALL = 900_000
_TAIL = 480_000


def fragments_seconds(file: SeekableFile, movie: Movie, moov: Box, size: int, *, whole: bool) -> float:
    """Duration of a fragmented file in seconds, counted from its first sample; 0 if it is unknown."""
    clock = _Clock(movie)
    if whole or size <= _SMALL:
        clock.visit(file, top_boxes(file, moov.end, size))
        return clock.seconds()
    if movie.fragments_seconds:
        return movie.fragments_seconds
    indexed, first = _before_fragments(file, moov.end, size)
    if indexed:
        return indexed
    last = _last_by_index(file, size) or _last_by_search(file, size)
    if last is None:
        # The network budget limits how far this gets.
        clock.visit(file, top_boxes(file, moov.end, size))
    else:
        clock.visit(file, [first] if first else [])
        clock.jumped = True
        clock.visit(file, top_boxes(file, last, size))
    return clock.seconds()


class _Clock:
    """Where each track of picture or sound begins and how far it has come, in ticks of its own timescale."""

    def __init__(self, movie: Movie) -> None:
        self._defaults = movie.default_ticks
        self._tracks = {
            track.number: track for track in movie.tracks if track.timescale and track.handler in ("vide", "soun")
        }
        # The first part can stand in the index itself; fragments continue from there.
        in_index = [track for track in self._tracks.values() if track.frames]
        self._begins = {track.number: 0 for track in in_index}
        self._ends = {track.number: track.ticks for track in in_index}
        self.jumped = False

    def seconds(self) -> float:
        ends = [ticks / self._tracks[number].timescale for number, ticks in self._ends.items()]
        begins = [ticks / self._tracks[number].timescale for number, ticks in self._begins.items()]
        return max(ends, default=0.0) - min(begins, default=0.0)

    def visit(self, file: SeekableFile, boxes: Iterable[Box]) -> None:
        for moof in boxes:
            for traf in boxes_in(file, moof) if moof.kind == "moof" else ():
                if traf.kind == "traf":
                    self._add(file, traf)

    def _add(self, file: SeekableFile, traf: Box) -> None:
        parts = list(boxes_in(file, traf))
        head = next((part for part in parts if part.kind == "tfhd"), None)
        if head is None:
            raise MediaError(MediaProblem.UNREADABLE)
        data = content(file, head, 40)
        flags, number = unpack("II", data)
        default = self._defaults.get(number, 0)
        if flags & 0x08:
            (default,) = unpack("I", data, 8 + (8 if flags & 0x01 else 0) + (4 if flags & 0x02 else 0))
        track = self._tracks.get(number)
        if track is None:
            return
        time = next((part for part in parts if part.kind == "tfdt"), None)
        if time is not None:
            data = content(file, time, 12)
            (now,) = unpack("Q", data, 4) if data[:1] == b"\1" else unpack("I", data, 4)
        elif self.jumped:
            # A fragment without its own time begins where all earlier ones end, and those were not read.
            raise MediaError(
                MediaProblem.NO_DURATION,
                "The length of this clip can only be read from the whole file. Upload it, or export it as plain MP4.",
            )
        else:
            now = self._ends.get(number, 0)
        if not self.jumped:
            self._begins.setdefault(number, now)
        for part in parts:
            if part.kind == "trun":
                now += _run(file, part, default, track)
        self._ends[number] = max(now, self._ends.get(number, 0))


def _run(file: SeekableFile, trun: Box, default: int, track: Track) -> int:
    """Ticks of one run of samples."""
    flags, count = unpack("II", content(file, trun, 8))
    # A run without fields of its own claims any number of samples in eight bytes.
    if track.frames + count > MAX_SAMPLES:
        raise MediaError(MediaProblem.TOO_COSTLY)
    ticks = count * default
    if flags & 0x100:
        # A sample's duration comes first among the fields it has.
        stride = 4 * (flags >> 8 & 0xF).bit_count()
        offset = 8 + (4 if flags & 0x01 else 0) + (4 if flags & 0x04 else 0)
        if offset + count * stride > trun.end - trun.body:
            raise MediaError(MediaProblem.UNREADABLE)
        samples = content(file, trun, count * stride, offset)
        ticks = sum(unpack(f"I{stride - 4}x" * count, samples))
    track.frames += count
    track.frame_ticks += ticks
    return ticks


def _before_fragments(file: SeekableFile, start: int, size: int) -> tuple[float, Box | None]:
    """Duration by the sidx boxes in front, 0 without; and the first fragment, if no sidx made it unnecessary."""
    longest = 0.0
    for box in top_boxes(file, start, size):
        if box.kind == "sidx":
            longest = max(longest, _indexed_seconds(file, box, size))
        elif box.kind == "mdat" or longest:
            break
        elif box.kind == "moof":
            return 0.0, box
    return longest, None


def _indexed_seconds(file: SeekableFile, sidx: Box, size: int) -> float:
    """0 for a sidx that is about one segment of several."""
    head = content(file, sidx, 32)
    long = head[:1] == b"\1"
    (timescale,) = unpack("I", head, 8)
    first_offset, count = unpack("Q2xH", head, 20) if long else unpack("I2xH", head, 16)
    numbers = unpack(f"{count * 3}I", content(file, sidx, count * 12, 32 if long else 24))
    covered = sidx.end + first_offset + sum(number & 0x7FFFFFFF for number in numbers[::3])
    if covered > size:
        raise MediaError(MediaProblem.TRUNCATED)
    rest = next(top_boxes(file, covered, size), None)
    if rest is not None and rest.kind != "mfra" and rest.end < size:
        return 0.0
    return sum(numbers[1::3]) / timescale if timescale else 0.0


def _last_by_index(file: SeekableFile, size: int) -> int | None:
    """Offset of the last fragments by the index at the end of the file: the earliest of the tracks' last ones."""
    tail = read_at(file, size - 16, 16)
    if tail[4:8] != b"mfro":
        return None
    (length,) = unpack("I", tail, 12)
    offsets = []
    for mfra in top_boxes(file, max(0, size - length), size):
        for tfra in boxes_in(file, mfra) if mfra.kind == "mfra" else ():
            if tfra.kind == "tfra":
                offsets += _last_entry(file, tfra)
    last = min(offsets, default=size)
    return last if _is_fragment(file, last, size) else None


def _last_entry(file: SeekableFile, tfra: Box) -> list[int]:
    head = content(file, tfra, 16)
    lengths, count = unpack("II", head, 8)
    if not count:
        return []
    layout = "QQ" if head[:1] == b"\1" else "II"
    times = 16 if layout == "QQ" else 8
    stride = times + sum((lengths >> shift & 3) + 1 for shift in (0, 2, 4))
    return [unpack(layout, content(file, tfra, times, 16 + (count - 1) * stride))[1]]


def _last_by_search(file: SeekableFile, size: int) -> int | None:
    """Offset of the first fragment in the tail from which boxes lead exactly to the end of the file."""
    start = size - _TAIL
    data = read_at(file, start, _TAIL)
    found = data.find(b"moof", 4)
    while found >= 0:
        if _is_fragment(file, start + found - 4, size):
            return start + found - 4
        found = data.find(b"moof", found + 4)
    return None


def _is_fragment(file: SeekableFile, offset: int, size: int) -> bool:
    """Whether a moof begins here, followed by nothing but boxes, exactly to the end of the file."""
    try:
        boxes = list(top_boxes(file, offset, size))
    except MediaError:
        return False
    return bool(boxes) and boxes[0].kind == "moof" and boxes[-1].end == size
