"""Many jobs at once, made as rows, and what the provider saw of them."""

import time
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from django.db.models.functions import Now

from tests.fake_apixo import API, FakeApixo
from tests.provider.scripted import Move
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.keys import intervals
from wanstudio.uploads.models import Source


def copies(job: Job, number: int, *, due: bool = True) -> list[Job]:
    """As many queued jobs like this one, itself not among them. Their links are not read again in the next hour."""
    Source.objects.update(probed_at=Now() + timedelta(hours=1))
    fields = {field.attname: getattr(job, field.attname) for field in Job._meta.fields if not field.primary_key}
    rows = [Job(**fields | {"nonce": uuid4(), "due_at": None}) for _ in range(number)]
    made = Job.objects.bulk_create(rows, batch_size=200)
    if due:
        Job.objects.filter(pk__in=[row.pk for row in made]).update(due_at=Now())
    return made


def set_running(jobs: Iterable[Job], apixo: FakeApixo, *, callback: bool) -> dict[str, float]:
    """All of them accepted this moment. Returns when each task may be looked at first, in seconds of the clock."""
    first = {}
    for job in jobs:
        job.task_id, job.callback, job.state = apixo.new_task(), callback, State.RUNNING
        wait = intervals.first_poll(job.provider, job.duration, callback=callback)
        first[job.task_id] = time.time() + wait.total_seconds()
        job.started_at, job.due_at = Now(), Now() + wait
    Job.objects.bulk_update(jobs, ["task_id", "callback", "state", "started_at", "due_at"], batch_size=50)
    return first


class Watch:
    """When each task was asked about, seconds of the clock: `polls[task_id]`; `told_429`: when one was told."""

    def __init__(self, apixo: FakeApixo) -> None:
        self.polls: dict[str, list[float]] = defaultdict(list)
        self.told_429: list[float] = []
        self._respond = apixo.respond
        apixo.respond = self._watched  # type: ignore[method-assign]

    def _watched(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Move:
        parts = urlsplit(target)
        if parts.path.startswith(f"{API}/statusTask/"):
            self.polls[parse_qs(parts.query)["taskId"][0]].append(time.time())
        return self._respond(method, target, headers, body)

    @property
    def moments(self) -> list[float]:
        return sorted(moment for moments in self.polls.values() for moment in moments)

    def shortest_gap(self) -> float:
        """Seconds between two looks at the same task, the shortest of all."""
        pairs = (pair for moments in self.polls.values() for pair in pairwise(sorted(moments)))
        return min((later - earlier for earlier, later in pairs), default=float("inf"))
