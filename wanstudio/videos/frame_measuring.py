"""Frame times of stored videos: measured as they are archived, older ones when their page is first opened."""

from collections.abc import Iterable
from contextlib import suppress

from wanstudio.media.errors import FetchError, MediaError
from wanstudio.media.isolated import frame_times
from wanstudio.media.movie import SeekableFile
from wanstudio.media.timing.frame_times import parse
from wanstudio.videos.models import Video


def measure(file: SeekableFile) -> str:
    """Empty for what has none. Raises FetchError BUSY."""
    try:
        text = frame_times(file)
        # A decoder that was taken over can say anything.
        return text if parse(text) else ""
    except MediaError:
        return ""


def measure_missing(videos: Iterable[Video]) -> None:
    """Those not measured yet, once and for good. Without it a page still works, by the frame rate of the motion."""
    for video in videos:
        if video.frame_times is None:
            with suppress(FetchError, OSError), video.file.open("rb") as file:
                video.frame_times = measure(file)
                Video.objects.filter(pk=video.pk).update(frame_times=video.frame_times)
