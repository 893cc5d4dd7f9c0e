"""Frame times of stored videos: measured as they are archived, older ones when their page is first opened."""

from collections.abc import Iterable
from contextlib import suppress

from wanstudio.media.errors import FetchError
from wanstudio.media.isolated import frame_times
from wanstudio.videos.models import Video


def measure_missing(videos: Iterable[Video]) -> None:
    """Those not measured yet, once and for good. Without it a page still works, by the frame rate of the motion."""
    for video in videos:
        if video.frame_times is None:
            with suppress(FetchError, OSError), video.file.open("rb") as file:
                video.frame_times = frame_times(file)
                Video.objects.filter(pk=video.pk).update(frame_times=video.frame_times)
