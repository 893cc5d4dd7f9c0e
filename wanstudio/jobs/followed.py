"""Followed jobs: what a page's poll asks first. One narrow query says who asks, what they can see, and what changed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from math import ceil
from typing import Any, NamedTuple

from django.db.models import Exists, FilteredRelation, Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest

from wanstudio.accounts.models import User
from wanstudio.accounts.queries import session_rows
from wanstudio.jobs.models import ENDED, Job, State
from wanstudio.notifications.queries import bell_of
from wanstudio.teams.access import is_open_to
from wanstudio.work.compiled import Compiled, moment
from wanstudio.work.models import Heartbeat

# Seconds between two polls of a page: of jobs that can change at any moment, and of those that cannot yet.
OFTEN, SELDOM = 2, 10


class Followed(NamedTuple):
    """What of a job says whether its page is still true, and when it might not be. Moments as the database has them."""

    pk: int
    version: int
    state: str
    due_at: datetime | str | None
    nudged_at: datetime | str | None
    callback: bool

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED


class Watch(NamedTuple):
    """`bell`: how many notifications are unread, and the id of the newest. `every`: seconds until the next poll."""

    jobs: list[Followed]
    bell: tuple[int, int]
    worker_lives: bool
    every: int


def followed(pks: Sequence[int]) -> list[Followed]:
    """These jobs, in the order of their ids."""
    rows = Job.objects.filter(pk__in=pks).order_by("pk").values_list(*Followed._fields)
    return [Followed(*row) for row in rows]


def look(request: HttpRequest, pks: Sequence[int]) -> Watch | None:
    """The jobs among `pks` that this person can see; None if no one is signed in. One query, with the person in it."""
    rows = session_rows(request, lambda person: _QUERY.rows(person, pks))
    if rows is None:
        return None
    _, count, newest, lives, now, *_ = rows[0]
    jobs = sorted(Followed(*row[5:]) for row in rows if row[5] is not None)
    return Watch(jobs, (count or 0, newest or 0), bool(lives), poll_every(jobs, moment(now)))


def _write(person: int, jobs: Sequence[int]) -> QuerySet[User, tuple[Any, ...]]:
    who = User(pk=person)
    mine = Q(memberships__team__jobs__in=jobs) & is_open_to(who, "memberships__team__")
    count, newest = bell_of(who)
    people = User.objects.filter(pk=person, is_active=True).annotate(
        job=FilteredRelation("memberships__team__jobs", condition=mine),
        unread=count,
        newest=newest,
        lives=Exists(Heartbeat.living()),
        now=Now(),
    )
    return people.values_list(
        "password", "unread", "newest", "lives", "now", *(f"job__{one}" for one in Followed._fields)
    )


_QUERY = Compiled(_write)


def poll_every(jobs: Iterable[Followed | Job], now: datetime) -> int:
    """Seconds from one poll of these jobs to the next."""
    return min((_every(job, now) for job in jobs if not job.has_ended), default=OFTEN)


def _every(job: Followed | Job, now: datetime) -> int:
    """A running task that does not call back cannot be done before the worker asks: the page asks a second later.

    One that calls back can be done at any moment. The road not taken, half of its usual time, showed early results
    up to 10 s late.
    """
    if job.state != State.RUNNING or job.callback or job.nudged_at or not job.due_at:
        return OFTEN
    return min(max(ceil((moment(job.due_at) - now).total_seconds()) + 1, OFTEN), SELDOM)
