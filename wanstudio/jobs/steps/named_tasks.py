"""What answers say by themselves, and when a task that somebody named is none: read by settle.py and adopt.py."""

from datetime import datetime

from django.utils import timezone

from wanstudio.jobs.models.attempt import Hint
from wanstudio.keys import intervals
from wanstudio.provider.calls import Error, Outcome

# These answers say by themselves that the provider has no task of ours.
NOT_TAKEN = (Outcome.NOT_SENT, Outcome.NOT_ACCEPTED, Outcome.THROTTLED, Outcome.ACCOUNT, Outcome.REJECTED)
# Of a task that somebody named: the provider has none of this name, or could not have one.
NO_SUCH_TASK = (Error.NOT_FOUND, Error.BAD_REQUEST)


def is_final(hint: Hint) -> bool:
    """Whether such an answer ends it. A task that a callback named may be a moment ahead of what statusTask knows; one
    that a person read somewhere is not."""
    since = timezone.now() - datetime.fromisoformat(hint["at"])
    return hint["by_hand"] or since > intervals.paced(intervals.MISSING_FOR)
