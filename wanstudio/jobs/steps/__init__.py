"""The worker's steps for jobs, their attempts and alerts; archiving a finished one is registered by `videos`."""

from wanstudio.jobs.models import Alert, Attempt, Job, State
from wanstudio.jobs.steps import alerting, polling, queue_update, submission, uncertain
from wanstudio.keys.models import ProviderKey, StudioKey
from wanstudio.work import registry


def newest_attempt(job: Job) -> dict[str, object]:
    attempt = job.submissions.values_list("pk", flat=True).last()
    return {"attempt": attempt} if attempt else {}


def update_queue(job: Job, state_before: str) -> None:
    """After a step that may have freed a slot, or taken one."""
    if state_before == State.QUEUED or job.state != state_before:
        queue_update.update(job.provider)


def update_queue_of_key(key: ProviderKey | StudioKey, state_before: str) -> None:
    """After a step that may have lifted a pause."""
    queue_update.update(key.provider)


registry.register(Job, submission.send, State.QUEUED)
registry.register(Job, uncertain.worker_died, State.SUBMITTING)
registry.register(Job, uncertain.settle, State.UNCERTAIN)
registry.register(Job, polling.poll, State.RUNNING)
registry.kind_of(Job).before_looking = queue_update.update_all
registry.kind_of(Job).log_names = newest_attempt
registry.kind_of(Job).after_step = alerting.raise_alerts
registry.kind_of(Job).after_release = update_queue
registry.kind_of(ProviderKey).after_release = update_queue_of_key
registry.kind_of(StudioKey).after_release = update_queue_of_key
registry.register(Attempt, uncertain.look_for_orphan)
registry.register(Alert, alerting.notify_owners)
