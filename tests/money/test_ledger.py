"""The ledger: what each verb writes into it, that it adds up, and that nobody changes it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from tests import factories
from tests.ledger_check import disagreements
from wanstudio.accounts.models import User
from wanstudio.append_only import AppendOnly
from wanstudio.jobs import verbs
from wanstudio.jobs.models.attempt import Attempt, unsettled_attempts
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.money.models import Balance, Entry, Money
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
    verbs.begin_submitting(mine, callback=True)
    verbs.mark_uncertain(mine, "The connection dropped", SOON)
    return Job.objects.get(pk=job.pk)


def again(job: Job) -> Job:
    verbs.send_again(job, seen=job.version)
    return Job.objects.get(pk=job.pk)


def follow(job: Job, task_id: str, attempt: Attempt | None = None) -> Job:
    mine = claim(job)
    if mine.state == State.QUEUED and attempt is None:
        verbs.begin_submitting(mine, callback=True)
    verbs.mark_running(mine, task_id, SOON, callback=True, attempt=attempt)
    return mine


def book(job: Job) -> list[tuple[str, Decimal, Decimal, Decimal]]:
    return list(job.entries.order_by("pk").values_list("kind", "reserved", "settled", "unknown"))


def stands(*jobs: Job) -> Balance:
    assert disagreements() == []
    return Entry.objects.filter(job__in=jobs).balance()


def test_finished_job_is_reserved_and_then_settled(job: Job) -> None:
    mine = follow(job, "task_1")
    verbs.mark_archiving(mine, ["https://example.com/1.mp4"], cost_ms=1, completed_at=None)
    verbs.mark_done(mine)
    assert book(job) == [("reserved", P, NIL, NIL), ("settled", -P, P, NIL)]
    assert stands(job) == Balance(settled=P)
    entry = Entry.objects.latest("pk")
    assert (entry.team, entry.person, entry.amount, entry.provider) == (job.team, job.person, P, "apixo")
    assert entry.attempt == Attempt.objects.get()


@pytest.mark.parametrize("money", [Money.RELEASED, Money.ASSUMED, Money.UNKNOWN])
def test_failed_job_is_released_or_unknown(job: Job, money: Money) -> None:
    verbs.mark_failed(follow(job, "task_1"), verbs.Failure("CODE", "words", money, "why"))
    assert Entry.objects.latest("pk").why == "why"
    assert stands(job) == Balance(unknown=P if money == Money.UNKNOWN else NIL)


def test_cancelled_and_posted_twice(job: Job, team: Team, alice: User) -> None:
    for _ in range(2):
        factories.job(team, alice, provider="apixo", nonce=job.nonce, motion=job.motion, character=job.character)
    assert Entry.objects.count() == 1
    verbs.cancel(job)
    assert book(job)[1:] == [("released", -P, NIL, NIL)]
    assert stands(job) == Balance()


def test_unknown_and_then_taken(job: Job) -> None:
    job = lost(job)
    assert stands(job) == Balance(unknown=P)
    follow(job, "task_1")
    assert stands(job) == Balance(reserved=P)


def test_unknown_and_not_charged(job: Job) -> None:
    verbs.mark_not_charged(lost(job))
    assert stands(job) == Balance()
    assert Attempt.objects.get().money == Money.RELEASED


def test_sent_again_the_first_price_stays_unknown(job: Job, team: Team) -> None:
    job = again(lost(job))
    first = Attempt.objects.get()
    assert stands(job) == Balance(reserved=P, unknown=P)
    follow(job, "task_2")
    (listed,) = unsettled_attempts(team)
    assert (listed, listed.job, listed.price, listed.is_unsettled) == (first, job, P, True)
    assert timedelta(0) < timezone.now() - listed.created_at < timedelta(minutes=1)
    verbs.release_attempt(Attempt.objects.get(pk=first.pk), Money.RELEASED, "A person says so")
    assert stands(job) == Balance(reserved=P)
    with pytest.raises(Stale):
        verbs.release_attempt(Attempt.objects.get(pk=first.pk), Money.RELEASED, "twice")
    with pytest.raises(Stale):
        verbs.name_task(first, "task_1")


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
    verbs.cancel(job)
    assert stands(job) == Balance(unknown=P)


@pytest.fixture
def superseded(job: Job) -> Attempt:
    """An attempt of a job that follows the task of another one."""
    follow(again(lost(job)), "task_2")
    return Attempt.objects.order_by("pk")[0]


def test_an_adopted_task_takes_the_unknown_price_along(job: Job, superseded: Attempt) -> None:
    Job.objects.filter(pk=job.pk).update(cost_ms=2000)
    made = verbs.follow_orphan(look(superseded), "task_1", SOON)
    assert (made.state, made.task_id, made.recovered_from) == (State.RUNNING, "task_1", superseded)
    assert made.title == f"{job.title} (1st try)"
    assert (made.price, made.seed, made.character, made.expected_s) == (P, job.seed, job.character, 2.0)
    assert [step.to_state for step in made.transitions.all()] == [State.RUNNING]
    assert stands(job) == stands(made) == Balance(reserved=P)
    assert not Attempt.objects.filter(job=made).exists(), "it never submits"


def test_no_task_is_adopted_twice(job: Job, superseded: Attempt) -> None:
    verbs.follow_orphan(look(superseded), "task_1", SOON)
    for task_id in ("task_1", "task_2"):
        with pytest.raises(verbs.TaskTaken):
            verbs.follow_orphan(look(superseded), task_id, SOON)
    assert Job.objects.count() == 2
    assert stands(*Job.objects.all()) == Balance(reserved=2 * P)


def test_adopting_needs_the_lease_and_the_money_that_was_seen(superseded: Attempt) -> None:
    mine, theirs = look(superseded), look(superseded)
    with pytest.raises(Stale):
        verbs.follow_orphan(mine, "task_1", SOON)
    verbs.release_attempt(superseded, Money.RELEASED, "A person says so")
    with pytest.raises(Stale):
        verbs.follow_orphan(theirs, "task_1", SOON)
    made = verbs.follow_orphan(look(superseded), "task_1", SOON)
    assert stands(made) == Balance(reserved=P), "reserved anew"


def test_a_job_that_may_still_follow_it_is_not_robbed(job: Job) -> None:
    again(lost(job))
    with pytest.raises(Stale):
        verbs.follow_orphan(look(Attempt.objects.get()), "task_1", SOON)


@pytest.mark.parametrize("money", [Money.UNKNOWN, Money.ASSUMED])
def test_a_task_given_up_that_turns_up_moves_over(job: Job, money: Money) -> None:
    verbs.mark_failed(follow(job, "task_1"), verbs.Failure("TASK_NOT_FOUND", "", money, "why"))
    made = verbs.follow_orphan(look(Attempt.objects.get()), "task_1", SOON)
    assert stands(job) == Balance()
    assert stands(made) == Balance(reserved=P)
    assert (Job.objects.get(pk=job.pk).task_id, made.task_id) == ("", "task_1")


def test_lost_money_can_be_settled_later(job: Job) -> None:
    verbs.mark_failed(follow(job, "task_1"), verbs.Failure("TASK_NOT_FOUND", "", Money.UNKNOWN, "why"))
    found = Job.objects.get()
    verbs.settle_unknown(found, Money.RELEASED, "A person says so")
    assert stands(job) == Balance()
    assert found.money == Money.RELEASED
    with pytest.raises(Stale):
        verbs.settle_unknown(found, Money.RELEASED, "twice")


def test_the_sandbox_is_written_down_but_not_counted(team: Team, alice: User) -> None:
    factories.job(team, alice)
    assert Entry.objects.count() == 1
    assert Entry.objects.billed().balance() == Balance()


def test_a_verb_that_is_stale_writes_nothing(job: Job) -> None:
    mine = claim(job)
    verbs.cancel(job)
    with pytest.raises(Stale):
        verbs.mark_failed(mine, verbs.Failure("CODE", "", Money.UNKNOWN, "too late"))
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
