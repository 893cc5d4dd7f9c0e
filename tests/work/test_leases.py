"""The lease: of many claimers one wins, a dead one stays dead, and a hint is never lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.db.models.functions import Now

from tests import factories
from tests.worker_steps import just_claimed
from wanstudio.accounts.models import User
from wanstudio.jobs.models.job import Job
from wanstudio.keys.models import ProviderKey
from wanstudio.teams.models import Team
from wanstudio.uploads.models import Source
from wanstudio.work.leases import LEASE, NUDGE_INTERVAL, Stale

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def job(team: Team, alice: User) -> Job:
    return factories.job(team, alice)


def claimed(pk: int) -> Job:
    mine = Job.claim(pk)
    assert mine
    return mine


def test_one_of_many_claimers_wins(job: Job) -> None:
    start = Barrier(16)

    def claim() -> bool:
        start.wait(120)
        try:
            return Job.claim(job.pk) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        won = [future.result() for future in [pool.submit(claim) for _ in range(16)]]
    assert won.count(True) == 1
    assert Job.objects.get().claims == 1


def test_claim_lasts_thirty_seconds(job: Job) -> None:
    mine = claimed(job.pk)
    assert mine.lease_until
    assert mine.claimed_at
    assert abs(mine.lease_until - mine.claimed_at - LEASE) < timedelta(milliseconds=2)
    assert mine.keep_lease()
    mine.release()
    assert Job.claim(job.pk), "let go, it can be taken at once"


def test_row_that_is_not_due_is_not_claimed(job: Job) -> None:
    Job.objects.update(due_at=Now() + timedelta(hours=1))
    assert Job.claim(job.pk) is None
    Job.objects.update(due_at=None)
    assert Job.claim(job.pk) is None
    assert Job.claim(job.pk + 1) is None


def test_crashed_claim_keeps_due_time_and_hint(job: Job) -> None:
    Job.objects.update(due_at=None, nudged_at=Now())
    assert claimed(job.pk).nudged_at is None
    Job.objects.update(lease_until=Now() - timedelta(seconds=1))
    assert Job.claim(job.pk)


def test_hint_during_the_lease_is_kept(job: Job) -> None:
    mine = claimed(job.pk)
    mine.nudge()
    mine.postpone(timedelta(hours=1))
    mine.release()
    just_claimed(job)
    assert Job.claim(job.pk) is None, "hints keep five seconds distance"
    Job.objects.update(claimed_at=Now() - NUDGE_INTERVAL)
    again = claimed(job.pk)
    assert (again.nudged_at, again.claims) == (None, 2)


def test_hint_does_not_move_the_due_time(job: Job) -> None:
    Job.objects.update(due_at=Now() + timedelta(hours=1))
    due_at = Job.objects.get().due_at
    job.nudge()
    assert Job.objects.get().due_at == due_at
    assert Job.ready().get() == job


def test_lost_lease_writes_nothing(job: Job) -> None:
    old = claimed(job.pk)
    Job.objects.update(lease_until=Now() - timedelta(seconds=1))
    new = claimed(job.pk)
    assert not old.keep_lease()
    with pytest.raises(Stale):
        old.postpone(timedelta(hours=1), problem="from the dead")
    old.release()
    now = Job.objects.get()
    assert (now.lease_token, now.problem) == (new.lease_token, "")
    assert new.keep_lease()


def test_expired_lease_is_not_extended(job: Job) -> None:
    mine = claimed(job.pk)
    Job.objects.update(lease_until=Now() - timedelta(milliseconds=1))
    assert not mine.keep_lease()


@pytest.mark.parametrize("kind", ["source", "key"])
def test_keys_and_sources_are_leased_like_jobs(team: Team, alice: User, kind: str) -> None:
    row: Source | ProviderKey = factories.motion(team, alice) if kind == "source" else ProviderKey.at("apixo")
    type(row).objects.update(due_at=Now())
    mine = type(row).claim(row.pk)
    assert mine
    assert type(row).claim(row.pk) is None
    mine.postpone(None)
    mine.release()
    assert type(row).claim(row.pk) is None
