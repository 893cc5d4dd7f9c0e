"""Markers for editing programs: the comments of a video as CSV, as an EDL (CMX 3600) and as FCPXML.

Exact to the frame: times are counted in frames, and FCPXML's are fractions. Where the rate varies, or is not known,
they are those of 30 frames a second, as such clips are conformed.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from xml.etree import ElementTree

from wanstudio.media.timing.frame_times import FrameTimes, smpte
from wanstudio.review.models import Comment
from wanstudio.videos.models import Video

COLUMNS = ("timecode", "timecode_out", "seconds", "seconds_out", "frame", "name", "guest", "internal", "done", "text")
CSV_COLUMNS = (*COLUMNS, "drawing", "answers")
MAX_EDL_TEXT = 200
# XML 1.0, section 2.2: what no escape can bring in.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Clock:
    """How a video's frames are counted: `step` seconds each, named by whole frames a second, some names dropped."""

    step: Fraction
    nominal: int
    drop: bool
    timing: FrameTimes | None

    @classmethod
    def of(cls, video: Video) -> "Clock":
        timing = video.timing
        if timing is None or timing.rate is None:
            return cls(Fraction(1, 30), 30, drop=False, timing=None)
        return cls(1 / timing.rate, timing.nominal, timing.is_drop_frame, timing)

    def frame(self, seconds: float) -> int:
        # As the player's slack: a time with three decimals means the frame that it is just before.
        return self.timing.at(seconds) if self.timing else int((seconds + 0.001) / self.step)

    def code(self, frame: int) -> str:
        return smpte(frame, self.nominal, drop=self.drop)

    def fraction(self, frame: int) -> str:
        """`3003/30000s`: of the frame's own denominator, as editing programs want it."""
        return f"{frame * self.step.numerator}/{self.step.denominator}s" if frame else "0s"


@dataclass(frozen=True)
class Marker:
    """A comment at its frame, with its answers. `frames`: how many it is about, at least one."""

    comment: Comment
    answers: Sequence[Comment]
    frame: int
    frames: int

    @property
    def text(self) -> str:
        """One line: what is said and drawn, and the answers."""
        said = [self.comment.text, *(f"{answer.name}: {answer.text}" for answer in self.answers)]
        if words := self.comment.drawing_words:
            said.insert(1, f"[{words}]")
        return " / ".join(" ".join(_NOT_XML.sub("", each).split()) for each in said)

    @property
    def name(self) -> str:
        return " ".join(_NOT_XML.sub("", self.comment.name).split())


def markers_of(threads: Iterable[tuple[Comment, Sequence[Comment]]], clock: Clock) -> Iterator[Marker]:
    """In their order; what is about all of the video is at its first frame, what was deleted is left out."""
    for comment, answers in threads:
        if comment.deleted_at is None:
            frame = clock.frame(comment.at_s or 0.0)
            last = clock.frame(comment.until_s) if comment.until_s is not None else frame
            yield Marker(comment, answers, frame, max(1, last - frame + 1))


def csv_rows(markers: Iterable[Marker], clock: Clock) -> Iterator[Sequence[object]]:
    for marker in markers:
        said, has_time = marker.comment, marker.comment.at_s is not None
        until = marker.frame + marker.frames - 1 if said.until_s is not None else None
        yield (
            clock.code(marker.frame) if has_time else "",
            clock.code(until) if until is not None else "",
            f"{said.at_s:.6f}" if said.at_s is not None else "",
            f"{said.until_s:.6f}" if said.until_s is not None else "",
            marker.frame if has_time else "",
            marker.name,
            "yes" if said.author_id is None else "no",
            "yes" if said.is_internal else "no",
            "yes" if said.resolved_at else "no",
            said.text,
            said.drawing_words,
            " / ".join(f"{answer.name}: {answer.text}" for answer in marker.answers),
        )


def edl(title: str, markers: Iterable[Marker], clock: Clock) -> str:
    """One event a marker, with what Avid and Premiere read (`* LOC:`) and what DaVinci Resolve reads (`|M:`)."""
    lines = [f"TITLE: {_plain(title)[:70]}", f"FCM: {'DROP FRAME' if clock.drop else 'NON-DROP FRAME'}", ""]
    for number, marker in enumerate(markers, 1):
        start, end = clock.code(marker.frame), clock.code(marker.frame + marker.frames)
        text, name = _plain(marker.text)[:MAX_EDL_TEXT], _plain(marker.name)
        colour = "GREEN" if marker.comment.resolved_at else "RED"
        lines += [
            f"{number % 1000:03}  AX       V     C        {start} {end} {start} {end}",
            f"{text} |C:ResolveColor{colour.capitalize()} |M:{name} |D:{marker.frames}",
            f"* LOC: {start} {colour:<7} {name}: {text}",
            "",
        ]
    return "\r\n".join(lines)


def _plain(text: str) -> str:
    """One line of an EDL, in which a bar begins a field and a star at the start a comment."""
    return " ".join(text.replace("|", "/").split()).lstrip("* ")


def fcpxml(video: Video, file: str, markers: Iterable[Marker], clock: Clock) -> bytes:
    """A project with the video, `file` beside it, as its only clip, and the markers on it."""
    title = _NOT_XML.sub("", video.job.title)
    count = len(clock.timing.starts) if clock.timing else max(1, round(video.duration / clock.step))
    length, form = clock.fraction(count), "DF" if clock.drop else "NDF"
    root = ElementTree.Element("fcpxml", version="1.9")
    resources = ElementTree.SubElement(root, "resources")
    size = {"width": str(video.width), "height": str(video.height)}
    ElementTree.SubElement(resources, "format", {"id": "r1", "frameDuration": clock.fraction(1), **size})
    whole = {"name": title, "start": "0s", "duration": length, "format": "r1", "hasVideo": "1"}
    asset = ElementTree.SubElement(resources, "asset", {"id": "r2", **whole})
    ElementTree.SubElement(asset, "media-rep", kind="original-media", src=f"./{file}")
    project = ElementTree.SubElement(
        ElementTree.SubElement(ElementTree.SubElement(root, "library"), "event", name=title), "project", name=title
    )
    sequence = ElementTree.SubElement(project, "sequence", format="r1", duration=length, tcStart="0s", tcFormat=form)
    clip = {"ref": "r2", "name": title, "offset": "0s", "start": "0s", "duration": length, "tcFormat": form}
    spine = ElementTree.SubElement(ElementTree.SubElement(sequence, "spine"), "asset-clip", clip)
    for marker in markers:
        where = {"start": clock.fraction(marker.frame), "duration": clock.fraction(marker.frames)}
        done = "1" if marker.comment.resolved_at else "0"
        ElementTree.SubElement(spine, "marker", where, value=f"{marker.name}: {marker.text}", completed=done)
    ElementTree.indent(root)
    head = b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n'
    return head + bytes(ElementTree.tostring(root, encoding="utf-8")) + b"\n"
