"""The ledger: what each verb writes into it, that it adds up, and that nobody changes it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now

from tests import factories
from wanstudio.accounts.models import User
from wanstudio.append_only import AppendOnly
from wanstudio.jobs.models.attempt import Attempt, unsettled_attempts
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.jobs.verbs.orphaned_tasks import adopt, name_task, release
from wanstudio.jobs.verbs.progress import TaskTaken
from wanstudio.money.models import Balance, Entry, Money, disagreements
from wanstudio.teams.models import Team
from wanstudio.work.leases import Stale

pytestmark = pytest.mark.django_db

SOON = timedelta(seconds=10)
P = Decimal("1.14")
NIL = Decimal("0.00")


@pytest.fixture
def job(team: Team, alice: User) -> Job:
    return factories.job(team, alice, provider="apixo")


def claim(job: Job) -> Job:
    """The job under a lease of ours, whatever happened to it before."""
    Job.objects.filter(pk=job.pk).update(lease_until=None, due_at=Now())
    found = Job.claim(job.pk)
    assert found
    return found


def look(attempt: Attempt) -> Attempt:
    """The attempt under a lease of ours."""
    Attempt.objects.filter(pk=attempt.pk).update(lease_until=None, due_at=Now())
    found = Attempt.claim(attempt.pk)
    assert found
    return found


def lost(job: Job) -> Job:
    """The job, sent, and nobody knows whether it was taken."""
    mine = claim(job)
    mine.begin_submitting(callback=True)
    mine.mark_uncertain("The connection broke", SOON)
    return Job.objects.get(pk=job.pk)


def again(job: Job) -> Job:
    job.send_again(seen=job.version)
    return Job.objects.get(pk=job.pk)


def follow(job: Job, task_id: str, attempt: Attempt | None = None) -> Job:
    mine = claim(job)
    if mine.state == State.QUEUED and attempt is None:
        mine.begin_submitting(callback=True)
    mine.mark_running(task_id, SOON, callback=True, usual=None, attempt=attempt)
    return mine


def book(job: Job) -> list[tuple[str, Decimal, Decimal, Decimal]]:
    return list(job.entries.order_by("pk").values_list("kind", "reserved", "settled", "unknown"))


def stands(*jobs: Job) -> Balance:
    assert disagreements() == []
    return Entry.objects.filter(job__in=jobs).balance()


def test_the_usual_life(job: Job) -> None:
    mine = follow(job, "task_1")
    mine.mark_archiving(["https://example.com/1.mp4"], cost_ms=1, completed_at=None)
    mine.mark_done()
    assert book(job) == [("reserved", P, NIL, NIL), ("settled", -P, P, NIL)]
    assert stands(job) == Balance(settled=P)
    entry = Entry.objects.latest("pk")
    assert (entry.team, entry.person, entry.amount, entry.provider) == (job.team, job.person, P, "apixo")
    assert entry.attempt == Attempt.objects.get()


@pytest.mark.parametrize("money", [Money.RELEASED, Money.ASSUMED, Money.UNKNOWN])
def test_a_failure(job: Job, money: Money) -> None:
    follow(job, "task_1").mark_failed("CODE", "words", money, "why")
    assert Entry.objects.latest("pk").why == "why"
    assert stands(job) == Balance(unknown=P if money == Money.UNKNOWN else NIL)


def test_cancelled_and_posted_twice(job: Job, team: Team, alice: User) -> None:
    for _ in range(2):
        factories.job(team, alice, provider="apixo", nonce=job.nonce, motion=job.motion, character=job.character)
    assert Entry.objects.count() == 1
    job.cancel()
    assert book(job)[1:] == [("released", -P, NIL, NIL)]
    assert stands(job) == Balance()


def test_unknown_and_then_taken(job: Job) -> None:
    job = lost(job)
    assert stands(job) == Balance(unknown=P)
    follow(job, "task_1")
    assert stands(job) == Balance(reserved=P)


def test_unknown_and_not_charged(job: Job) -> None:
    lost(job).was_not_charged()
    assert stands(job) == Balance()
    assert Attempt.objects.get().money == Money.RELEASED


def test_sent_again_the_first_price_stays_unknown(job: Job, team: Team) -> None:
    job = again(lost(job))
    first = Attempt.objects.get()
    assert stands(job) == Balance(reserved=P, unknown=P)
    follow(job, "task_2")
    (listed,) = unsettled_attempts(team)
    assert (listed, listed.job, listed.price, listed.is_unsettled) == (first, job, P, True)
    assert timedelta(0) < listed.age < timedelta(minutes=1)
    release(Attempt.objects.get(pk=first.pk), Money.RELEASED, "A person says so")
    assert stands(job) == Balance(reserved=P)
    with pytest.raises(Stale):
        release(Attempt.objects.get(pk=first.pk), Money.RELEASED, "twice")
    with pytest.raises(Stale):
        name_task(first, "task_1")


def test_taken_after_all_before_the_second_try_is_sent(job: Job) -> None:
    job = again(lost(job))
    follow(job, "task_1", Attempt.objects.get())
    assert stands(job) == Balance(reserved=P)
    assert Attempt.objects.get().money == ""


def test_the_first_is_confirmed_while_nobody_knows_about_the_second(job: Job) -> None:
    job = lost(again(lost(job)))
    first, second = Attempt.objects.order_by("pk")
    assert stands(job) == Balance(unknown=2 * P)
    follow(job, "task_1", first)
    assert stands(job) == Balance(reserved=P, unknown=P)
    assert list(Attempt.objects.filter(money=Money.UNKNOWN)) == [second]


def test_a_cancelled_second_try_leaves_the_first_unknown(job: Job) -> None:
    job = again(lost(job))
    job.cancel()
    assert stands(job) == Balance(unknown=P)


@pytest.fixture
def superseded(job: Job) -> Attempt:
    """An attempt of a job that follows the task of another one."""
    follow(again(lost(job)), "task_2")
    return Attempt.objects.order_by("pk")[0]


def test_an_adopted_task_takes_the_unknown_price_along(job: Job, superseded: Attempt) -> None:
    made = adopt(look(superseded), "task_1", SOON, usual=(1.0, 2.0, 3.0), callback=True)
    assert (made.state, made.task_id, made.adopted_from) == (State.RUNNING, "task_1", superseded)
    assert made.title == f"{job.title} (first try)"
    assert (made.price, made.seed, made.character, made.expected_s) == (P, job.seed, job.character, 2.0)
    assert [step.to_state for step in made.transitions.all()] == [State.RUNNING]
    assert stands(job) == stands(made) == Balance(reserved=P)
    assert not Attempt.objects.filter(job=made).exists(), "it never submits"


def test_no_task_is_adopted_twice(job: Job, superseded: Attempt) -> None:
    adopt(look(superseded), "task_1", SOON, usual=None, callback=True)
    for task_id in ("task_1", "task_2"):
        with pytest.raises(TaskTaken):
            adopt(look(superseded), task_id, SOON, usual=None, callback=True)
    assert Job.objects.count() == 2
    assert stands(*Job.objects.all()) == Balance(reserved=2 * P)


def test_adopting_needs_the_lease_and_the_money_that_was_seen(superseded: Attempt) -> None:
    mine, theirs = look(superseded), look(superseded)
    with pytest.raises(Stale):
        adopt(mine, "task_1", SOON, usual=None, callback=True)
    release(superseded, Money.RELEASED, "A person says so")
    with pytest.raises(Stale):
        adopt(theirs, "task_1", SOON, usual=None, callback=True)
    made = adopt(look(superseded), "task_1", SOON, usual=None, callback=True)
    assert stands(made) == Balance(reserved=P), "reserved anew"


def test_a_job_that_may_still_follow_it_is_not_robbed(job: Job) -> None:
    again(lost(job))
    with pytest.raises(Stale):
        adopt(look(Attempt.objects.get()), "task_1", SOON, usual=None, callback=True)


@pytest.mark.parametrize("money", [Money.UNKNOWN, Money.ASSUMED])
def test_a_task_given_up_that_turns_up_moves_over(job: Job, money: Money) -> None:
    follow(job, "task_1").mark_failed("TASK_NOT_FOUND", "", money, "why")
    made = adopt(look(Attempt.objects.get()), "task_1", SOON, usual=None, callback=True)
    assert stands(job) == Balance()
    assert stands(made) == Balance(reserved=P)
    assert (Job.objects.get(pk=job.pk).task_id, made.task_id) == ("", "task_1")


def test_lost_money_can_be_settled_later(job: Job) -> None:
    follow(job, "task_1").mark_failed("TASK_NOT_FOUND", "", Money.UNKNOWN, "why")
    found = Job.objects.get()
    found.settle_unknown(Money.RELEASED, "A person says so")
    assert stands(job) == Balance()
    assert found.money == Money.RELEASED
    with pytest.raises(Stale):
        found.settle_unknown(Money.RELEASED, "twice")


def test_the_sandbox_is_written_down_but_not_counted(team: Team, alice: User) -> None:
    factories.job(team, alice)
    assert Entry.objects.count() == 1
    assert Entry.objects.billed().balance() == Balance()


def test_a_verb_that_is_stale_writes_nothing(job: Job) -> None:
    mine = claim(job)
    job.cancel()
    with pytest.raises(Stale):
        mine.mark_failed("CODE", "", Money.UNKNOWN, "too late")
    assert len(book(job)) == 2


def test_a_disagreement_is_seen(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(money=Money.SETTLED)
    assert disagreements() == [(job.pk, Balance(reserved=P), Balance(settled=P))]


# --- append-only --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spoil",
    [
        lambda entry: entry.save(),
        lambda entry: entry.delete(),
        lambda entry: Entry.objects.all().delete(),
        lambda entry: Entry.objects.update(amount=0),
        lambda entry: Entry.objects.bulk_update([entry], ["amount"]),
    ],
)
def test_the_code_has_no_way_to_change_it(job: Job, spoil: Callable[[Entry], object]) -> None:
    with pytest.raises(AppendOnly):
        spoil(Entry.objects.get())
    assert book(job) == [("reserved", P, NIL, NIL)]


@pytest.mark.parametrize("sql", ["UPDATE wanstudio_entry SET amount = 0", "DELETE FROM wanstudio_entry"])
def test_the_database_refuses_too(job: Job, sql: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert book(job) == [("reserved", P, NIL, NIL)]


@pytest.mark.django_db(transaction=True)
def test_emptying_the_whole_database_is_possible_and_locks_again(job: Job, team: Team, alice: User) -> None:
    call_command("flush", interactive=False, verbosity=0)
    assert Entry.objects.count() == 0
    team.save(force_insert=True)
    alice.save(force_insert=True)
    factories.job(team, alice)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM wanstudio_entry")
