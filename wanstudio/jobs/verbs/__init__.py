"""The verbs of a job, by subject; callers write `verbs.cancel(job, …)`."""

from wanstudio.jobs.verbs.acceptance import accept
from wanstudio.jobs.verbs.attempts import (
    confirm_task,
    forget_task,
    name_task,
    note_task,
    put_back,
    record_answer,
    recorded_answer,
    release_attempt,
)
from wanstudio.jobs.verbs.decisions import attach, cancel, mark_not_charged, rename, send_again
from wanstudio.jobs.verbs.moves import flag_problem
from wanstudio.jobs.verbs.orphaned_tasks import follow_orphan
from wanstudio.jobs.verbs.owner_alerts import raise_alert, raise_key_alert
from wanstudio.jobs.verbs.progress import (
    Failure,
    TaskTaken,
    alert_owner,
    ask_person,
    begin_submitting,
    keep_queued,
    mark_archiving,
    mark_done,
    mark_failed,
    mark_running,
    mark_uncertain,
    may_write,
    requeue,
    step_aside,
)
from wanstudio.jobs.verbs.recovery import mark_restored, release_task, settle_unknown

__all__ = [
    "Failure",
    "TaskTaken",
    "accept",
    "alert_owner",
    "ask_person",
    "attach",
    "begin_submitting",
    "cancel",
    "confirm_task",
    "flag_problem",
    "follow_orphan",
    "forget_task",
    "keep_queued",
    "mark_archiving",
    "mark_done",
    "mark_failed",
    "mark_not_charged",
    "mark_restored",
    "mark_running",
    "mark_uncertain",
    "may_write",
    "name_task",
    "note_task",
    "put_back",
    "raise_alert",
    "raise_key_alert",
    "record_answer",
    "recorded_answer",
    "release_attempt",
    "release_task",
    "rename",
    "requeue",
    "send_again",
    "settle_unknown",
    "step_aside",
]
