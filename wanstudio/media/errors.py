"""Failures of media: each has a name and a sentence for the person whose file or link it is.

A sentence says what happened and what to do, without addresses and texts of exceptions.
"""

from enum import StrEnum, auto


class FetchProblem(StrEnum):
    """The value is the sentence for the case that nothing more specific is known; some have none."""

    INVALID_URL = auto()
    PRIVATE_ADDRESS = (
        "This link leads to a private address, and those are not fetched. "
        "Use a link that anyone on the internet can open."
    )
    SERVICE_PORT = (
        "This link uses a port that is reserved for another service, such as mail. "
        "Use a link to a web server: without a port, or with one such as 8080."
    )
    UNREACHABLE = auto()
    TIMED_OUT = "The server took too long to send the file. Try again, or use another link."
    HTTP_STATUS = auto()
    TOO_LARGE = auto()
    TOO_MANY_REDIRECTS = "This link redirects too many times. Open it in a browser and copy the address where it ends."
    CUT_SHORT = "The download stopped before it was complete. Try again."
    NO_RANGES = (
        "The server sends this file only from its beginning, which is not enough to read it. "
        "Upload the file instead, or use a server that supports range requests."
    )
    OVER_BUDGET = "Too much of this file would have to be read from its link. Upload it instead, or use a smaller one."
    BUSY = "Many files and links are being read right now. Nothing was sent; try again in a moment."


class MediaProblem(StrEnum):
    EMPTY = "The file is empty. Choose it again, or export it again."
    NOT_AN_IMAGE = auto()
    NOT_A_VIDEO = auto()
    WRONG_FORMAT = auto()
    NO_INDEX = (
        "The clip has no index (moov), so it cannot be read: the recording or the copy stopped before its end. "
        "Copy it again from the phone or camera, or record it again."
    )
    NO_VIDEO = "This file has sound but no picture. Choose a clip that shows the motion."
    CODEC = (
        "The clip is coded in a way that cannot be read here. On a phone, open it in the gallery's editor and save a "
        "copy. On a computer, export it as MP4 with H.264."
    )
    PROTECTED = "The clip is copy-protected, as films from a shop are. Use one that you have recorded yourself."
    TRUNCATED = "The clip ends too early: a part of the file is missing. Download or copy it again, to its end."
    UNREADABLE = "The clip is damaged and cannot be read. Copy it again, or export it again as MP4 with H.264."
    NO_DURATION = "The length in the clip is not plausible. Export it again as MP4."
    TOO_COSTLY = (
        "This file takes far too much memory or time to open. "
        "Export it again, a clip as MP4 with H.264, a picture as JPEG, and choose the new file."
    )
    TOO_BIG_PICTURE = "The picture has more than 64 million pixels. Scale it down and choose it again."


class FetchError(Exception):
    """A URL could not be fetched. `http_status` is the server's answer, where it gave one."""

    def __init__(self, code: FetchProblem, sentence: str = "", http_status: int | None = None) -> None:
        super().__init__(sentence or code)
        self.code = code
        self.sentence = sentence or code.value
        self.http_status = http_status


class MediaError(Exception):
    """A file is not the picture or clip it should be."""

    def __init__(self, code: MediaProblem, sentence: str = "") -> None:
        super().__init__(sentence or code)
        self.code = code
        self.sentence = sentence or code.value


def refused_by_server(status: int) -> FetchError:
    """The error for an answer that is neither the file nor a redirect to it."""
    if status in (401, 403):
        sentence = f"The server refuses to send this file ({status}). Use a link that opens without signing in."
    elif status in (404, 410):
        sentence = f"There is no file at this link ({status}). Check the link, or use another one."
    elif status == 429:
        sentence = "The server gets too many requests (429). Try again in a few minutes."
    elif status >= 500:
        sentence = f"The server behind this link has a problem ({status}). Try again later."
    else:
        sentence = f"The server answered with status {status} instead of a file. Use the direct link of the file."
    return FetchError(FetchProblem.HTTP_STATUS, sentence, status)


def unknown_codec(letters: str) -> MediaError:
    """The error for a clip whose codec is called so in its file."""
    coded = f"as {letters}, which" if letters.isascii() and letters.isalnum() else "in a way that"
    return MediaError(MediaProblem.CODEC, MediaProblem.CODEC.replace("in a way that", coded))


def unreachable(sentence: str) -> FetchError:
    return FetchError(FetchProblem.UNREACHABLE, sentence)


def too_large(max_bytes: int) -> FetchError:
    limit = f"{max_bytes / 1024**2:.0f} MB" if max_bytes >= 1024**2 else f"{max_bytes:,} bytes"
    return FetchError(FetchProblem.TOO_LARGE, f"The file is larger than {limit}. Use a smaller one.")
