"""Sums over random lives of jobs: rows, ledger, page and file agree to the cent, and no column is ever negative."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import factories
from tests.ledger_check import disagreements
from tests.money.test_ledger import claim, look
from wanstudio.accounts.models import User
from wanstudio.jobs import verbs
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.queue import OthersFirst
from wanstudio.jobs.states import State
from wanstudio.money import kept_sums
from wanstudio.money.models import COLUMNS, Entry, Money
from wanstudio.money.queries import kept
from wanstudio.teams.models import Team
from wanstudio.usage import exports, queries
from wanstudio.work.leases import Stale

NOW = timedelta(0)
ids = count(1)


def task() -> str:
    return f"task_{next(ids)}"


def take(job: Job, attempt: Attempt | None = None) -> None:
    verbs.mark_running(claim(job), task(), NOW, callback=True, attempt=attempt)


def first_try(job: Job) -> Attempt:
    attempt = job.submissions.order_by("pk").first()
    if attempt is None:
        raise Stale("none was sent")
    return attempt


def turn_up(job: Job) -> None:
    attempt = first_try(job)
    verbs.follow_orphan(look(attempt), task(), NOW)


def turn_up_lost(job: Job) -> None:
    if not job.task_id:
        raise Stale("nothing was lost")
    verbs.follow_orphan(look(first_try(job)), job.task_id, NOW)


LIFE: dict[str, Callable[[Job], object]] = {
    "send": lambda job: verbs.begin_submitting(claim(job), callback=True),
    "take": take,
    "take the first": lambda job: take(job, first_try(job)),
    "lose": lambda job: verbs.mark_uncertain(claim(job), "It broke", NOW),
    "requeue": lambda job: verbs.requeue(claim(job), "busy", NOW),
    "again": lambda job: verbs.send_again(job, seen=job.version),
    "not charged": lambda job: verbs.mark_not_charged(job),
    "cancel": lambda job: verbs.cancel(job),
    "succeed": lambda job: verbs.mark_archiving(claim(job), ["u"], cost_ms=1, completed_at=None),
    "archive": lambda job: verbs.mark_done(claim(job)),
    "refuse": lambda job: verbs.mark_failed(claim(job), verbs.Failure("X", "", Money.RELEASED, "no")),
    "fail": lambda job: verbs.mark_failed(claim(job), verbs.Failure("X", "", Money.ASSUMED, "failed")),
    "vanish": lambda job: verbs.mark_failed(claim(job), verbs.Failure("TASK_NOT_FOUND", "", Money.UNKNOWN, "gone")),
    "write off": lambda job: verbs.settle_unknown(job, Money.RELEASED, "by hand"),
    "first not charged": lambda job: verbs.release_attempt(first_try(job), Money.RELEASED, "by hand"),
    "first failed": lambda job: verbs.release_attempt(first_try(job), Money.ASSUMED, "failed"),
    "first turns up": turn_up,
    "lost turns up": turn_up_lost,
}
# Straight through, so that what is random happens in every state.
USUAL = ["send", "lose", "again", "send", "take", "succeed"]
steps = st.tuples(st.integers(0, 3), st.sampled_from(sorted(LIFE)))


def live(made: list[Job], which: int, what: str) -> None:
    """One step of one job, if it is possible there."""
    jobs = list(Job.objects.filter(team=made[0].team).order_by("pk"))
    with suppress(Stale, verbs.TaskTaken, OthersFirst, Attempt.DoesNotExist), transaction.atomic():
        LIFE[what](jobs[which % len(jobs)])


# One team for all examples; and a busy machine is no fault of theirs.
CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=CHECKS)
@given(head=st.integers(0, len(USUAL)), seconds=st.integers(1, 130), tail=st.lists(steps, max_size=14))
def test_all_sums_agree(team: Team, alice: User, head: int, seconds: int, tail: list[tuple[int, str]]) -> None:
    with transaction.atomic():
        clips = [factories.motion(team, alice, duration=float(length)) for length in (seconds, 14.2)]
        made = [factories.job(team, alice, provider="apixo", motion=clip) for clip in clips]
        for what in USUAL[:head]:
            live(made, 0, what)
        for which, what in tail:
            live(made, which, what)
        agree(team)
        transaction.set_rollback(True)


def agree(team: Team) -> None:
    assert disagreements() == []
    assert kept_sums.differences() == 0
    entries = Entry.objects.filter(team=team)
    balance = entries.balance()
    page = queries.total(queries.by_person(kept(team, None))).balance
    rows = list(exports.all_lines(entries))
    for name in COLUMNS:
        column = exports.COLUMNS.index(name)
        assert sum(Decimal(str(row[column])) for row in rows) == getattr(balance, name) == getattr(page, name)
    for job in Job.objects.filter(team=team):
        assert min(job.entries.balance()) >= 0, f"{job} {job.state}"
        assert State(job.state)
