"""Failures of media: each a named value, with a sentence for the person whose file or link it is.

A sentence says what happened and what to do, and nothing of how we found out: no addresses, no exception texts.
"""

from enum import StrEnum


class FetchProblem(StrEnum):
    INVALID_URL = "INVALID_URL"
    PRIVATE_ADDRESS = "PRIVATE_ADDRESS"
    UNREACHABLE = "UNREACHABLE"
    TIMED_OUT = "TIMED_OUT"
    HTTP_STATUS = "HTTP_STATUS"
    TOO_LARGE = "TOO_LARGE"
    TOO_MANY_REDIRECTS = "TOO_MANY_REDIRECTS"
    CUT_SHORT = "CUT_SHORT"
    NO_RANGES = "NO_RANGES"
    OVER_BUDGET = "OVER_BUDGET"
    BUSY = "BUSY"


class MediaProblem(StrEnum):
    EMPTY = "EMPTY"
    NOT_AN_IMAGE = "NOT_AN_IMAGE"
    NOT_A_VIDEO = "NOT_A_VIDEO"
    WRONG_FORMAT = "WRONG_FORMAT"
    NO_VIDEO = "NO_VIDEO"
    TRUNCATED = "TRUNCATED"
    UNREADABLE = "UNREADABLE"
    NO_DURATION = "NO_DURATION"
    TOO_BIG_PICTURE = "TOO_BIG_PICTURE"


class FetchError(Exception):
    """A URL could not be fetched. `http_status` is the server's answer, where it gave one."""

    def __init__(self, code: FetchProblem, sentence: str, http_status: int | None = None) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.http_status = http_status


class MediaError(Exception):
    """A file is not the picture or clip it should be."""

    def __init__(self, code: MediaProblem, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def refused_by_server(status: int) -> FetchError:
    """The error for an answer that is neither the file nor a redirect to it."""
    if status in (401, 403):
        sentence = f"The server refuses to hand out this file ({status}). Use a link that opens without signing in."
    elif status in (404, 410):
        sentence = f"There is no file at this link ({status}). Check the link, or use another one."
    elif status == 429:
        sentence = "The server is turning requests away because it gets too many (429). Try again in a few minutes."
    elif status >= 500:
        sentence = f"The server behind this link has a problem of its own ({status}). Try again later."
    else:
        sentence = f"The server answered with status {status} instead of a file. Use the direct link of the file."
    return FetchError(FetchProblem.HTTP_STATUS, sentence, status)


def unreachable(sentence: str) -> FetchError:
    return FetchError(FetchProblem.UNREACHABLE, sentence)


def timed_out() -> FetchError:
    return FetchError(
        FetchProblem.TIMED_OUT, "The server took too long to hand out the file. Try again, or use another link."
    )


def too_large(max_bytes: int) -> FetchError:
    mebibyte = 1024 * 1024
    limit = f"{max_bytes / mebibyte:.0f} MB" if max_bytes >= mebibyte else f"{max_bytes:,} bytes"
    return FetchError(FetchProblem.TOO_LARGE, f"The file is larger than {limit}. Use a smaller one.")


def truncated() -> MediaError:
    return MediaError(
        MediaProblem.TRUNCATED, "The clip ends too early: a part of the file is missing. Export or copy it again."
    )


def unreadable() -> MediaError:
    return MediaError(
        MediaProblem.UNREADABLE, "The clip is damaged and cannot be read. Export it again as MP4 with H.264."
    )
