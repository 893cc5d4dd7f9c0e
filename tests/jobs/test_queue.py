"""The order of the queue: fewest in flight, then longest ago, then the oldest job."""

from datetime import datetime, timedelta
from itertools import groupby

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from tests import factories
from wanstudio.accounts.models import User
from wanstudio.jobs import queue, verbs
from wanstudio.jobs.models.history import FairShare
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.queue import OthersFirst, fair_order
from wanstudio.jobs.states import State
from wanstudio.keys.models import ProviderKey
from wanstudio.teams.models import Team

ALICE, BOB, ABROAD = (1, 1), (1, 2), (2, 1)
NOON = timezone.now()


def test_forty_of_one_do_not_hold_up_anothers_one() -> None:
    waiting = [(pk, ALICE) for pk in range(1, 41)] + [(41, BOB)]
    assert list(fair_order(waiting, {}, {})).index(41) == 1
    assert list(fair_order(waiting, {ALICE: 10}, {})).index(41) == 0


def test_who_has_fewest_in_flight_is_first() -> None:
    waiting = [(1, ALICE), (2, ALICE), (3, BOB), (4, BOB)]
    assert list(fair_order(waiting, {ALICE: 1}, {})) == [3, 1, 4, 2]
    assert list(fair_order(waiting, {ALICE: 5}, {})) == [3, 4, 1, 2]


def test_among_equals_whose_turn_is_longest_ago() -> None:
    waiting = [(1, ALICE), (2, BOB), (3, ABROAD)]
    last = {ALICE: NOON, BOB: NOON - timedelta(minutes=5)}
    assert list(fair_order(waiting, {}, last)) == [3, 2, 1], "who never had one is before all"
    assert list(fair_order(waiting, {}, {})) == [1, 2, 3], "and then the oldest job"


def test_a_person_in_two_teams_waits_twice() -> None:
    assert list(fair_order([(1, ALICE), (2, ABROAD)], {ALICE: 1}, {})) == [2, 1]


WHO = st.sampled_from([ALICE, BOB, ABROAD])


# One example may take long on a busy machine.
@settings(deadline=None)
@given(
    people=st.lists(WHO, max_size=30),
    flying=st.dictionaries(WHO, st.integers(0, 5)),
    ages=st.dictionaries(WHO, st.integers(0, 100)),
)
def test_the_order_is_what_choosing_one_by_one_would_be(
    people: list[tuple[int, int]], flying: dict[tuple[int, int], int], ages: dict[tuple[int, int], int]
) -> None:
    waiting = list(enumerate(people, 1))
    last: dict[tuple[int, int], datetime] = {who: NOON - timedelta(seconds=age) for who, age in ages.items()}
    tasks, turns, left, chosen = dict(flying), dict(last), list(waiting), []
    long_ago = NOON - timedelta(days=365)
    for step in range(len(waiting)):
        best = min(left, key=lambda one: (tasks.get(one[1], 0), turns.get(one[1], long_ago), one[0]))
        left.remove(best)
        chosen.append(best[0])
        tasks[best[1]] = tasks.get(best[1], 0) + 1
        turns[best[1]] = NOON + timedelta(seconds=step + 1)
    assert list(fair_order(waiting, flying, last)) == chosen


@pytest.fixture
def three(settings: Settings) -> None:
    settings.IN_FLIGHT = 3


def claimed(job: Job) -> Job:
    mine = Job.claim(job.pk)
    assert mine
    return mine


@pytest.mark.django_db
def test_the_limit_holds(team: Team, alice: User, three: None) -> None:
    jobs = [claimed(factories.job(team, alice)) for _ in range(5)]
    for job in jobs[:3]:
        verbs.begin_submitting(job, callback=False)
    with pytest.raises(OthersFirst) as early:
        verbs.begin_submitting(jobs[4], callback=False)
    assert early.value.position == 2
    assert (Job.objects.get(pk=jobs[4].pk).state, jobs[4].submissions.count()) == (State.QUEUED, 0)
    verbs.mark_uncertain(jobs[0], "nobody knows", None)
    verbs.begin_submitting(jobs[3], callback=False)


@pytest.mark.django_db
def test_each_provider_has_a_line_of_its_own(team: Team, alice: User, settings: Settings) -> None:
    settings.IN_FLIGHT = 1
    verbs.begin_submitting(claimed(factories.job(team, alice)), callback=False)
    verbs.begin_submitting(claimed(factories.job(team, alice, provider="apixo")), callback=False)


@pytest.mark.django_db
def test_tasks_that_never_end_hold_nobody_up(team: Team, alice: User, settings: Settings) -> None:
    settings.IN_FLIGHT, settings.PACE = 1, 1
    lost, job = factories.job(team, alice), claimed(factories.job(team, alice))
    Job.objects.filter(pk=lost.pk).update(state=State.RUNNING, started_at=Now() - timedelta(hours=23))
    assert queue.read(ProviderKey.peek("sandbox"), asking=job.pk).free == 0
    Job.objects.filter(pk=lost.pk).update(started_at=Now() - timedelta(hours=25))
    assert queue.read(ProviderKey.peek("sandbox"), asking=job.pk).free == 1


@pytest.mark.django_db
def test_a_turn_is_remembered(team: Team, alice: User, bob: User, settings: Settings) -> None:
    settings.IN_FLIGHT = 10
    hers, his, hers_too = (factories.job(team, person) for person in (alice, bob, alice))
    first = claimed(hers)
    verbs.begin_submitting(first, callback=False)
    verbs.mark_uncertain(first, "nobody knows", None)
    assert FairShare.objects.get().person == alice
    assert list(queue.read(ProviderKey.peek("sandbox"), asking=his.pk).order) == [his.pk, hers_too.pk]


@pytest.mark.django_db
def test_who_waits_for_reasons_of_their_own_is_not_in_line(team: Team, alice: User, settings: Settings) -> None:
    settings.IN_FLIGHT = 1
    resting, waiting, job = (factories.job(team, alice) for _ in range(3))
    Job.objects.filter(pk__in=[resting.pk, waiting.pk]).update(due_at=Now() + timedelta(minutes=5))
    Job.objects.filter(pk=waiting.pk).update(position=7)
    order = list(queue.read(ProviderKey.peek("sandbox"), asking=job.pk).order)
    assert order == [waiting.pk, job.pk]
    assert [key for key, _ in groupby(order)] == order, "each once"
