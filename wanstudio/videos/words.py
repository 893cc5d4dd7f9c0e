"""Sentences of videos: what was done with them, what a name lacks, and why a result is not here yet."""

from collections.abc import Sequence

from django.template.defaultfilters import pluralize

from wanstudio.media.errors import FetchError, FetchProblem, MediaError
from wanstudio.videos.models import Video

NOTHING_SELECTED = "No video was selected. Nothing was changed."
TWO_TO_COMPARE = "Select two videos to compare."
TAG_MISSING = "Enter a tag. Nothing was changed."
COLLECTION_MISSING = "Enter a name for the collection. Nothing was changed."
NAME_MISSING = "A collection needs a name. Nothing was changed."
BINNED_HTML = '{} in the bin for 30 days. <a href="{}">Open the bin</a>'
COLLECTED_HTML = '{} in <a href="{}">“{}”</a>.'
TAGGED = "{count} tagged “{tag}”."
UNTAGGED = "“{tag}” removed from {count}."
TAKEN_OUT = "{count} removed from “{collection}”."
COLLECTION_DELETED = "“{collection}” is deleted. Its videos stay."
BINNED = "“{name}” is in the bin for 30 days."
RESTORED = "“{name}” is restored."
ERASED = "“{name}” is permanently deleted."
STILL_NEEDED = "A running job still needs “{name}”. Delete it after the job has ended."
NOT_ARCHIVED_YET = "The finished video could not be saved yet. {reason} It was charged; we keep trying."
PARTLY_ARCHIVED = "{count} of {total} results saved; the others were lost"
LOST = "The video was made and charged, but its download kept failing until {provider} deleted it."
LOST_CAUSE = "The video was made, but its download kept failing until {provider} deleted it."


def count_of(videos: Sequence[Video]) -> str:
    return f"{len(videos):,} video{pluralize(len(videos))}"


def of_many(videos: Sequence[Video]) -> str:
    return videos[0].job.title if len(videos) == 1 else f"{len(videos)} videos"


# The guarded fetcher's reasons, reworded for a result.
FETCH_REASONS = {
    FetchProblem.PRIVATE_ADDRESS: "Its link leads to a private network, which the studio does not access.",
    FetchProblem.TOO_LARGE: "It is larger than the free space of the studio.",
    FetchProblem.UNREACHABLE: "The server that holds it cannot be reached.",
    FetchProblem.TIMED_OUT: "The server that holds it is too slow.",
    FetchProblem.CUT_SHORT: "The download stopped before it was complete.",
    FetchProblem.TOO_MANY_REDIRECTS: "Its link redirects too many times.",
    FetchProblem.INVALID_URL: "Its link cannot be used.",
    FetchProblem.SERVICE_PORT: "Its link cannot be used.",
}


def reason(wrong: FetchError | MediaError | OSError) -> str:
    if isinstance(wrong, OSError):
        return f"The studio's storage failed: {str(wrong.strerror or wrong).rstrip('.')}."
    if isinstance(wrong, FetchError):
        if wrong.http_status:
            return f"The server that holds it answered {wrong.http_status}."
        return FETCH_REASONS.get(wrong.code, wrong.sentence)
    return wrong.sentence
