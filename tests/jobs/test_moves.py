"""The verbs of a job: which state leads where, who may move it, and what it means for the money."""

from collections.abc import Callable
from datetime import timedelta
from itertools import product

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from tests import factories
from tests.worker_steps import wait_s
from wanstudio.accounts.models import User
from wanstudio.jobs import verbs
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.history import Transition
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import ENDED, MOVES, MOVING, State
from wanstudio.money.models import Entry, Money
from wanstudio.teams.models import Team
from wanstudio.videos.models import Video
from wanstudio.work.leases import Stale

pytestmark = pytest.mark.django_db

SOON = timedelta(seconds=10)
Verb = Callable[[Job], object]


def again(job: Job) -> None:
    verbs.send_again(job, seen=job.version)


# A verb, the state it leads to, the states it may start from, and what becomes of the money.
WORKERS: dict[str, tuple[Verb, State, set[State], Money]] = {
    "begin_submitting": (
        lambda job: verbs.begin_submitting(job, callback=True),
        State.SUBMITTING,
        {State.QUEUED},
        Money.UNKNOWN,
    ),
    "mark_running": (
        lambda job: verbs.mark_running(job, "task_1", SOON, callback=True),
        State.RUNNING,
        {State.SUBMITTING, State.UNCERTAIN, State.QUEUED},
        Money.RESERVED,
    ),
    "requeue": (
        lambda job: verbs.requeue(job, "It was busy", SOON, counts=True),
        State.QUEUED,
        {State.SUBMITTING, State.UNCERTAIN},
        Money.RESERVED,
    ),
    "mark_uncertain": (
        lambda job: verbs.mark_uncertain(job, "It broke", SOON),
        State.UNCERTAIN,
        {State.SUBMITTING},
        Money.UNKNOWN,
    ),
    "mark_archiving": (
        lambda job: verbs.mark_archiving(job, ["https://example.com/1.mp4"], cost_ms=1, completed_at=None),
        State.ARCHIVING,
        {State.RUNNING},
        Money.SETTLED,
    ),
    "mark_done": (verbs.mark_done, State.DONE, {State.ARCHIVING}, Money.UNKNOWN),
    "mark_failed": (
        lambda job: verbs.mark_failed(job, verbs.Failure("CODE", "words", Money.ASSUMED, "why")),
        State.FAILED,
        set(MOVING) | {State.UNCERTAIN},
        Money.ASSUMED,
    ),
}
PEOPLES: dict[str, tuple[Verb, State, set[State], Money]] = {
    "cancel": (verbs.cancel, State.CANCELLED, {State.QUEUED}, Money.RELEASED),
    "send_again": (
        again,
        State.QUEUED,
        {State.UNCERTAIN},
        Money.RESERVED,
    ),
    "mark_not_charged": (verbs.mark_not_charged, State.FAILED, {State.UNCERTAIN}, Money.RELEASED),
}


@pytest.fixture
def job(team: Team, alice: User) -> Job:
    return factories.job(team, alice)


def put(job: Job, state: State, *, leased: bool) -> Job:
    """The job in this state with its money unknown, and a worker's lease if wanted."""
    Job.objects.filter(pk=job.pk).update(state=state, money=Money.UNKNOWN, due_at=Now(), problem="old")
    found = Job.claim(job.pk) if leased else Job.objects.get(pk=job.pk)
    assert found
    return found


@pytest.mark.parametrize(("verb", "state"), list(product(WORKERS | PEOPLES, State)))
def test_every_verb_in_every_state(job: Job, verb: str, state: State) -> None:
    do, to, allowed, money = (WORKERS | PEOPLES)[verb]
    before = put(job, state, leased=verb in WORKERS)
    if state not in allowed:
        with pytest.raises(Stale):
            do(before)
        after = Job.objects.get()
        assert (after.state, after.money, after.version) == (state, Money.UNKNOWN, before.version)
        assert job.transitions.count() == 1
        assert Attempt.objects.count() == 0
        return
    do(before)
    after = Job.objects.get()
    assert (after.state, after.money) == (to, money)
    assert before.state == to, "the row in hand knows where it is"
    assert after.version == before.version + 1
    assert (after.due_at is None) == (to in ENDED)
    assert bool(after.ended_at) == (to in ENDED)
    step = Transition.objects.latest("pk")
    assert (step.from_state, step.to_state) == (state, to)
    assert to in MOVES[state]


@pytest.mark.parametrize("verb", WORKERS)
def test_a_workers_verb_needs_the_lease(job: Job, verb: str) -> None:
    do, _, allowed, _ = WORKERS[verb]
    state = sorted(allowed)[0]
    mine = put(job, state, leased=True)
    Job.objects.update(lease_until=Now() - timedelta(seconds=1))
    assert Job.claim(job.pk), "another worker"
    with pytest.raises(Stale):
        do(mine)
    assert (Job.objects.get().state, Attempt.objects.count(), job.transitions.count()) == (state, 0, 1)


@pytest.mark.parametrize("verb", PEOPLES)
def test_a_persons_verb_needs_no_lease_and_comes_first(job: Job, verb: str) -> None:
    do, to, allowed, _ = PEOPLES[verb]
    state = next(iter(allowed))
    workers = put(job, state, leased=True)
    do(Job.objects.get())
    after = Job.objects.get()
    assert after.state == to
    with pytest.raises(Stale):
        verbs.flag_problem(workers, "I was about to wait", None)
    assert Job.objects.get().due_at == after.due_at
    workers.release()
    assert Job.objects.get().lease_token is None


@pytest.mark.parametrize("verb", PEOPLES)
def test_two_people_decide_once(job: Job, verb: str) -> None:
    do, _, allowed, _ = PEOPLES[verb]
    put(job, next(iter(allowed)), leased=False)
    first, second = Job.objects.get(), Job.objects.get()
    do(first)
    with pytest.raises(Stale):
        do(second)
    assert job.transitions.count() == 2


def test_the_moves_are_whole() -> None:
    assert set(MOVES) == set(State)
    assert all(not MOVES[state] for state in ENDED)
    assert ENDED | MOVING | {State.UNCERTAIN} == set(State)


def test_submitting_is_due_all_the_while(job: Job) -> None:
    mine = put(job, State.QUEUED, leased=True)
    verbs.begin_submitting(mine, callback=True)
    assert Job.claim(job.pk) is None
    Job.objects.update(lease_until=Now() - timedelta(seconds=1))
    assert Job.ready().get() == job


def test_may_write(job: Job) -> None:
    mine = put(job, State.QUEUED, leased=True)
    assert not verbs.may_write(mine)
    verbs.begin_submitting(mine, callback=True)
    assert verbs.may_write(mine)
    Job.objects.update(lease_until=Now() - timedelta(seconds=1))
    assert not verbs.may_write(mine)


def test_running_knows_what_is_usual(job: Job, team: Team, alice: User) -> None:
    past = factories.job(team, alice)
    Job.objects.filter(pk=past.pk).update(state=State.DONE, cost_ms=30_000)
    mine = put(job, State.SUBMITTING, leased=True)
    verbs.mark_running(mine, "task_1", SOON, callback=True)
    after = Job.objects.get(pk=job.pk)
    assert (after.task_id, after.callback, after.problem, after.setbacks) == ("task_1", True, "", 0)
    assert (after.expected_low_s, after.expected_s, after.expected_high_s) == pytest.approx((30, 30, 30))
    assert after.started_at
    assert 9 < wait_s(after) <= 10


def test_one_job_a_task(job: Job, team: Team, alice: User) -> None:
    verbs.mark_running(put(job, State.SUBMITTING, leased=True), "task_1", SOON, callback=True)
    other = factories.job(team, alice)
    theirs = put(other, State.SUBMITTING, leased=True)
    with pytest.raises(verbs.TaskTaken):
        verbs.mark_running(theirs, "task_1", SOON, callback=True)
    assert (theirs.state, Job.objects.get(pk=other.pk).state) == (State.SUBMITTING, State.SUBMITTING)
    assert other.transitions.count() == 1
    # Elsewhere the same id is another task.
    Job.objects.filter(pk=other.pk).update(provider="apixo")
    verbs.mark_running(theirs, "task_1", SOON, callback=True)


def test_retries_are_counted_when_they_count(job: Job) -> None:
    for counts, retries in ((True, 1), (False, 1), (True, 2)):
        verbs.requeue(put(job, State.SUBMITTING, leased=True), "busy", SOON, counts=counts)
        Job.objects.update(lease_until=None)
        assert Job.objects.get().retries == retries


def test_long_words_are_cut(job: Job) -> None:
    verbs.requeue(put(job, State.SUBMITTING, leased=True), "w" * 500, SOON)
    after = Job.objects.get()
    assert len(after.problem) == len(job.transitions.latest("pk").why) == 300
    Job.objects.update(lease_until=None)
    mine = put(job, State.RUNNING, leased=True)
    verbs.flag_problem(mine, "t" * 500, SOON)
    verbs.mark_failed(mine, verbs.Failure("C" * 500, "", Money.UNKNOWN, "why"))
    after = Job.objects.get()
    assert (len(after.problem), len(after.failure)) == (300, 100)


def test_news_raise_the_version(job: Job) -> None:
    mine = put(job, State.UNCERTAIN, leased=True)
    version = mine.version
    for problem, asks, news in (
        ("old", False, 0),
        ("new", False, 1),
        ("new", True, 2),
        ("new", True, 2),
        ("", True, 3),
    ):
        verbs.flag_problem(mine, problem, SOON, ask_person=asks)
        mine = Job.objects.get()
        assert mine.version == version + news


def test_done_points_at_the_first_result(job: Job) -> None:
    mine = put(job, State.ARCHIVING, leased=True)
    facts = {"size_bytes": 1, "sha256": "", "width": 1, "height": 1, "duration": 1.0}
    second, first = (Video.objects.create(job=job, position=place, **facts) for place in (1, 0))
    verbs.mark_done(mine)
    assert Job.objects.get().video == first
    assert str(first) == f"video {first.pk} of job {job.pk}"
    assert second.position == 1


def test_a_result_lasts_a_day(job: Job) -> None:
    assert (job.expires_at, job.is_lost) == (None, False)
    verbs.mark_archiving(
        put(job, State.RUNNING, leased=True), ["https://example.com/1.mp4"], cost_ms=None, completed_at=None
    )
    now = Job.objects.get()
    assert now.expires_at
    assert timedelta(hours=23, minutes=59) < now.expires_at - timezone.now() <= timedelta(hours=24)
    Job.objects.update(result_at=Now() - timedelta(hours=24, seconds=1))
    assert Job.objects.get().is_lost


def test_a_task_is_attached_to_the_last_attempt(job: Job) -> None:
    verbs.begin_submitting(put(job, State.QUEUED, leased=True), callback=True)
    uncertain = put(Job.objects.get(), State.UNCERTAIN, leased=False)
    verbs.attach(uncertain, "task_1")
    assert (Attempt.objects.get().hinted_task_id, Job.objects.get().nudged_at is None) == ("task_1", False)
    verbs.attach(uncertain, "t" * 500)
    assert len(Attempt.objects.get().hinted_task_id) == 200
    with pytest.raises(Stale):
        verbs.attach(put(job, State.RUNNING, leased=False), "task_2")


@pytest.mark.parametrize("state", [State.QUEUED, State.SUBMITTING, State.UNCERTAIN])
def test_a_doubted_job_waits_for_a_person_whatever_its_attempts_say(job: Job, state: State) -> None:
    """Its row is older than the world: an answer that says "not taken" may have been followed by another try."""
    Attempt.objects.create(job=job, provider="apixo", outcome="not_accepted", callback=True)
    verbs.mark_restored(put(job, state, leased=True), "Restored from a backup")
    after = Job.objects.get()
    assert (after.state, after.money, after.ask_person) == (State.UNCERTAIN, Money.UNKNOWN, True)
    assert (after.due_at, after.lease_token, after.problem) == (None, None, "Restored from a backup")
    newest = after.submissions.latest("pk")
    assert (newest.outcome, newest.callback) == ("unknown", False)


def test_the_price_of_a_doubted_job_is_unknown_once(job: Job) -> None:
    verbs.mark_restored(job, "Restored from a backup")
    verbs.mark_restored(Job.objects.get(), "Restored once more")
    assert [*Entry.objects.all().balance()] == [0, 0, job.price]
    assert Entry.objects.latest("pk").attempt == Attempt.objects.get()


@pytest.mark.parametrize("state", [State.RUNNING, State.ARCHIVING, State.DONE, State.FAILED])
def test_what_cannot_be_sent_is_not_doubted(job: Job, state: State) -> None:
    before = put(job, state, leased=False)
    with pytest.raises(Stale):
        verbs.mark_restored(before, "Restored from a backup")
    assert (Job.objects.get().state, Attempt.objects.count()) == (state, 0)
