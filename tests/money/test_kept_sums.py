"""Kept sums: equal to the ledger to the cent, whoever writes it, in every time zone; made anew where they are not."""

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import factories
from tests.money.test_ledger import again, follow, lost
from tests.page_rows import finished
from wanstudio.accounts.models import User
from wanstudio.jobs.models.job import Job
from wanstudio.money import kept_sums
from wanstudio.money.models import EVER, Entry, KeptSum, Money
from wanstudio.money.queries import next_month, spent, spent_by_person
from wanstudio.review.models import Verdict
from wanstudio.review.verbs import decide
from wanstudio.teams.models import Team

pytestmark = pytest.mark.django_db

ZONES = ("UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Chatham")
P = Decimal("1.14")


def moments(chance: random.Random) -> Iterator[datetime]:
    """Many beside the borders of months, somewhere on earth, to the microsecond."""
    while True:
        border = datetime(2026, chance.randint(1, 6), 1, tzinfo=UTC)
        yield border + timedelta(microseconds=chance.randint(-(10**11), 10**11))
        yield border + chance.randint(-60, 60) * timedelta(minutes=15) - timedelta(microseconds=chance.randint(0, 1))


def lives(chance: random.Random, jobs: list[Job], people: list[User]) -> Iterator[Entry]:
    """Reservations, and what became of each: charged, given back or unknown, weeks later."""
    when = moments(chance)
    for _ in range(120):
        person, price = chance.choice(people), Decimal(chance.randint(1, 999_999)).scaleb(-2)
        facts: dict[str, Any] = {"team": jobs[0].team, "person": person, "job": chance.choice(jobs), "amount": price}
        facts["provider"] = chance.choice(("apixo", "apixo", "sandbox"))
        first = Entry(kind="reserved", reserved=price, at=next(when), **facts)
        yield first
        column = chance.choice(("settled", "unknown", "released", "assumed", None))
        if column:
            moved = {column: price} if column in ("settled", "unknown") else {}
            later = first.at + timedelta(days=chance.randint(0, 40))
            yield Entry(kind=column, reserved=-price, at=later, origin=first, **moved, **facts)


@pytest.mark.parametrize("seed", range(3))
def test_sums_of_months_are_those_of_decimals(seed: int, team: Team, alice: User, bob: User) -> None:
    chance = random.Random(seed)
    jobs = [factories.job(team, alice) for _ in range(12)]
    written = []
    for entry in lives(chance, jobs, [alice, bob]):
        entry.save()
        written.append(entry)
    assert kept_sums.differences() == 0
    for team.time_zone in ZONES:
        expected: Counter[tuple[date, int]] = Counter()
        for entry in written:
            if entry.provider == "apixo":
                month = (entry.origin or entry).at.astimezone(team.zone).date().replace(day=1)
                expected[month, entry.person_id] += entry.reserved + entry.settled + entry.unknown  # type: ignore[assignment]
        month = date(2025, 11, 1)
        while month < date(2026, 9, 1):
            for who in (alice, bob):
                assert spent(team, "apixo", month, by=who) == expected[month, who.pk]
            assert spent(team, "apixo", month) == expected[month, alice.pk] + expected[month, bob.pk]
            month = next_month(month)


def test_entries_written_at_once_are_counted(team: Team, alice: User) -> None:
    job = factories.job(team, alice)
    facts: dict[str, Any] = {"team": team, "person": alice, "job": job, "provider": "apixo", "amount": P}
    Entry.objects.bulk_create([Entry(kind="reserved", reserved=P, **facts) for _ in range(250)])
    assert spent_by_person(team, "apixo") == {alice.pk: 250 * P}
    assert kept_sums.differences() == 0


def test_approvals_and_videos_are_counted_as_they_change(team: Team, alice: User) -> None:
    video, other = (finished(team, alice, provider="apixo") for _ in range(2))

    def approved() -> tuple[int, int]:
        row = KeptSum.objects.get(size=EVER)
        assert kept_sums.differences() == 0
        return row.approved, row.videos

    assert approved() == (0, 2)
    decide(video, alice, Verdict.Decision.APPROVED)
    decide(other, alice, Verdict.Decision.NEEDS_WORK)
    assert approved() == (14_200_000, 2)
    decide(video, alice, Verdict.Decision.OPEN)
    decide(other, alice, Verdict.Decision.APPROVED)
    decide(other, alice, Verdict.Decision.APPROVED, "Once more")
    assert approved() == (14_200_000, 2)
    Job.objects.update(video=None)
    other.delete()
    assert approved() == (0, 2)
    video.delete()
    assert approved() == (0, 2)


def test_job_that_is_reserved_twice_counts_once(team: Team, alice: User, as_alice: Client) -> None:
    job = again(lost(factories.job(team, alice, provider="apixo")))
    facts: dict[str, Any] = {"team": team, "person": alice, "job": job, "provider": "apixo", "amount": P}
    for at in (datetime(2031, 3, 4, tzinfo=UTC), datetime(2031, 3, 5, tzinfo=UTC), datetime(2031, 4, 5, tzinfo=UTC)):
        Entry.objects.create(kind="reserved", reserved=P, at=at, **facts)
    assert kept_sums.differences() == 0
    for month in ("", "2031-03", "2031-04", "all"):
        plots = as_alice.get("/usage/", {"month": month}).context["plots"]
        assert [[line.jobs for line in lines] for _, lines in plots] == [[1]] * 3
    assert [lines for _, lines in as_alice.get("/usage/?month=2031-05").context["plots"]] == [[]] * 3


def test_approved_seconds_of_a_job_from_before_count_where_it_is_reserved_again(
    team: Team, alice: User, as_alice: Client
) -> None:
    video = finished(team, alice, provider="apixo")
    decide(video, alice, Verdict.Decision.APPROVED)
    facts: dict[str, Any] = {"team": team, "person": alice, "job": video.job, "provider": "apixo", "amount": P}
    Entry.objects.create(kind="settled", settled=P, at=datetime(2031, 3, 4, tzinfo=UTC), **facts)
    for month in ("2031-03", "all", ""):
        found = as_alice.get("/usage/", {"month": month}).context["approved"]
        assert (found.charged, found.seconds) == (2 * P if month == "all" else P, 14.2)


def test_what_was_written_without_the_triggers_is_counted_when_they_are_laid(team: Team, alice: User) -> None:
    kept_sums.lift()
    follow(factories.job(team, alice, provider="apixo"), "task_1")
    assert spent(team, "apixo") == 0
    kept_sums.install()
    assert spent(team, "apixo") == P
    factories.job(team, alice, provider="apixo")
    assert spent(team, "apixo") == 2 * P
    assert kept_sums.differences() == 0


def test_sums_that_differ_are_named_and_made_anew(team: Team, alice: User, capsys: pytest.CaptureFixture[str]) -> None:
    factories.job(team, alice, provider="apixo")
    assert said_by("recount") == "All sums agree with the ledger.\n"
    KeptSum.objects.update(reserved=115)
    assert kept_sums.differences() == 10
    with pytest.raises(SystemExit):
        call_command("status", "--json")
    attention = json.loads(capsys.readouterr().out)["attention"]
    assert "manage.py recount" in " ".join(attention)
    assert said_by("recount") == "10 sums differed from the ledger. All of them were recalculated.\n"
    assert (kept_sums.differences(), spent(team, "apixo")) == (0, P)


def said_by(command: str) -> str:
    out = StringIO()
    call_command(command, stdout=out)
    return out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_do_not_wait_for_each_other(team: Team, alice: User) -> None:
    """On SQLite, which has one writer at a time, the second one waits, and nothing of either is lost."""
    on_postgres = connection.vendor == "postgresql"
    jobs = [factories.job(team, alice, provider="apixo") for _ in range(2)]
    failed: list[Exception] = []

    def write(job: Job) -> None:
        facts: dict[str, Any] = {"team": team, "person": alice, "job": job, "provider": "apixo", "amount": P}
        Entry.objects.create(kind=Money.RESERVED, reserved=P, **facts)

    def beside() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                if on_postgres:
                    cursor.execute("SET LOCAL lock_timeout = '3s'")
                write(jobs[1])
        except Exception as wrong:
            failed.append(wrong)
        finally:
            connection.close()

    with transaction.atomic():
        write(jobs[0])
        other = threading.Thread(target=beside)
        other.start()
        if on_postgres:
            other.join()
    other.join()
    assert failed == []
    assert (spent(team, "apixo"), kept_sums.differences()) == (4 * P, 0)


def test_postgresql_learns_of_the_rows_before_it_adds_them_up() -> None:
    """Those of a restore have no statistics: two million entries took more than 45 minutes."""
    with CaptureQueriesContext(connection) as asked:
        kept_sums.recount()
    begun = [query["sql"].split()[0] for query in asked.captured_queries]
    assert ("ANALYZE" in begun[: begun.index("INSERT")]) == (connection.vendor == "postgresql")
