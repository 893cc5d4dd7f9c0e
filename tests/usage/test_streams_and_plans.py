"""A ledger of any length: sums and pages by an index, files in pages that hold nothing while nobody reads."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import factories
from wanstudio.accounts.models import User
from wanstudio.activity.models import Activity
from wanstudio.jobs.answers import HANDED_OVER
from wanstudio.money.models import Entry, KeptSum
from wanstudio.money.queries import spent, tightest
from wanstudio.money.verbs import note_reading
from wanstudio.teams.models import Membership, Team
from wanstudio.web import lookups

pytestmark = pytest.mark.django_db

ROWS = 2000
BIG = "entry|keptsum|activity|job|attempt|reservedagain"
PAGES = (
    *("/usage/", "/usage/?month=2026-02", "/usage/?month=all", "/usage/?before=2000", "/team/"),
    *("/activity/", "/activity/?group=cap", "/activity/?group=job", "/activity/?from=2026-02-03&to=2026-02-04"),
    *("/activity/?before=900", "/activity/?group=job&from=2026-02-03"),
)
FILES = (
    *("/usage/ledger.csv", "/usage/usage.csv?month=2026-02", "/usage/usage.csv?month=all"),
    *("/activity/activity.csv", "/activity/activity.csv?group=cap", "/activity/activity.csv?from=2026-02-03"),
)


@pytest.fixture
def _long(team: Team, alice: User, bob: User) -> None:
    """Two years of entries and acts of two people, so that no look at all of them is the quickest way."""
    team.monthly_cap = Decimal(500_000)
    team.save()
    Membership.objects.update(monthly_cap=Decimal(400_000))
    jobs = [factories.job(team, who, provider=where) for who in (alice, bob) for where in ("apixo", "sandbox")]
    begin, rows = datetime(2025, 1, 1, tzinfo=UTC), []
    for number in range(ROWS):
        job, price = jobs[number % 4], Decimal(number % 300 + 1)
        facts: dict[str, Any] = {"team": team, "person": job.person, "job": job, "provider": job.provider}
        at = begin + number * timedelta(hours=6)
        rows.append(Entry(kind="reserved", amount=price, reserved=price, at=at, **facts))
    Entry.objects.bulk_create(rows)
    acts = ("job.made", "cap.set")
    Activity.objects.bulk_create(
        Activity(team=team, person=alice, who="Alice", act=acts[n % 100 // 97], at=begin + n * timedelta(hours=6))
        for n in range(ROWS)
    )


@pytest.fixture(params=["as it grew", "analyzed"])
def known(request: pytest.FixtureRequest, _long: None) -> Iterator[None]:
    """The planner of SQLite usually knows nothing of the rows; that of PostgreSQL always something."""
    with connection.cursor() as cursor:
        if request.param == "analyzed" or connection.vendor == "postgresql":
            cursor.execute("ANALYZE")
        if connection.vendor == "postgresql":
            # Two thousand rows are few to it: what it reads all the same, no index finds.
            cursor.execute("SET LOCAL enable_seqscan = off")
        yield
        if connection.vendor == "sqlite":
            cursor.execute("DROP TABLE IF EXISTS sqlite_stat1")
            cursor.execute("ANALYZE sqlite_schema")


def scans(captured: CaptureQueriesContext) -> list[str]:
    """Steps of the plans that read all rows of a table that grows with the work, with their statements."""
    found = []
    with connection.cursor() as cursor:
        for query in captured.captured_queries:
            sql = query["sql"]
            if not sql.startswith("SELECT"):
                continue
            if connection.vendor == "sqlite":
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
                steps = "\n".join(row[3] for row in cursor.fetchall())
                names = [
                    f"wanstudio_({BIG})",
                    *(alias for _, alias in re.findall(rf'"wanstudio_({BIG})" ([TUV]\d+)', sql)),
                ]
                read = re.findall(rf"^SCAN (?:{'|'.join(names)})\b.*", steps, re.M)
                if re.search(rf'FROM "wanstudio_({BIG})".* LIMIT \d+$', sql):
                    read += [steps.replace("\n", " | ")] if "USE TEMP B-TREE" in steps else []
            else:
                cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
                plan = cursor.fetchone()[0]
                read = list(seq_scans(plan if isinstance(plan, list) else json.loads(plan)))
            found += [f"{step}: {sql}" for step in read]
    return found


def seq_scans(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for each in node:
            yield from seq_scans(each)
    elif isinstance(node, dict):
        name = str(node.get("Relation Name", "")).removeprefix("wanstudio_")
        # Few jobs are made here; a look at four rows is no scan.
        if node.get("Node Type") == "Seq Scan" and name in ("entry", "keptsum", "activity"):
            yield f"Seq Scan on {name}"
        for each in node.values():
            yield from seq_scans(each)


def is_read(client: Client, address: str) -> CaptureQueriesContext:
    with CaptureQueriesContext(connection) as asked:
        answer: Any = client.get(address)
        assert answer.status_code == 200
        if answer.streaming:
            assert b"".join(answer.streaming_content)
    return asked


@pytest.mark.usefixtures("known")
def test_no_page_and_no_file_reads_every_row(as_alice: Client, bob: User) -> None:
    as_bob = Client()
    as_bob.force_login(bob)
    wrong = [f"{address} {step}" for address in (*PAGES, *FILES) for step in scans(is_read(as_alice, address))]
    wrong += [f"{address} {step}" for address in (*PAGES[:4], *FILES[:3]) for step in scans(is_read(as_bob, address))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.usefixtures("known")
def test_click_and_balance_read_no_entry_of_the_past(team: Team, bob: User) -> None:
    with CaptureQueriesContext(connection) as asked:
        tightest(team, bob, "apixo")
        note_reading("apixo", Decimal(10), handed_over=HANDED_OVER, key_changed=False)
    assert not scans(asked)
    of_entries = [query["sql"] for query in asked.captured_queries if "wanstudio_entry" in query["sql"]]
    assert len(of_entries) == 1
    assert "wanstudio_job" in of_entries[0], "only those of the jobs that the provider has in hand"


@pytest.mark.usefixtures("_long")
def test_month_is_summed_from_days(team: Team) -> None:
    team.time_zone = "Asia/Kathmandu"
    with CaptureQueriesContext(connection) as asked:
        spent(team, "apixo", datetime(2026, 2, 1).date())  # noqa: DTZ001
    (query,) = asked.captured_queries
    sums = KeptSum.objects.extra(where=[query["sql"].partition(" WHERE ")[2]])
    # Four entries a day, two of the provider, of two people: 28 days, of which the ends are in quarters of an hour.
    assert sums.count() <= 2 * 30 + 4


@pytest.mark.usefixtures("_long")
@pytest.mark.parametrize("address", FILES)
def test_file_is_read_in_pages_and_holds_nothing_between(
    address: str, as_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wanstudio.web.csv_answers.LINES_AT_ONCE", 10)
    for module in (lookups, "wanstudio.activity.queries"):
        name = module if isinstance(module, str) else module.__name__
        monkeypatch.setattr(f"{name}.FIRST_PAGE", 10)
        monkeypatch.setattr(f"{name}.NEXT_PAGES", 20)
    with CaptureQueriesContext(connection) as before:
        answer: Any = as_alice.get(address)
        lines = iter(answer.streaming_content)
        assert next(lines).count(b"\n") == 1, "the columns, before anything is asked"
    asked_at_once = len(before)
    with CaptureQueriesContext(connection) as asked:
        next(lines)
        first = len(asked)
        for _ in range(5):
            next(lines, b"")
    assert asked_at_once < 30
    assert 1 <= first <= 5
    if "month=2026" not in address:
        assert len(asked) > first, "the next lines are another query's"
        assert all(" LIMIT " in query["sql"] for query in asked.captured_queries)
    with CaptureQueriesContext(connection) as later:
        answer.close()
    assert list(lines) == []
    assert len(later) == 0


@pytest.mark.usefixtures("_long")
def test_files_are_whole_in_the_order_of_time(as_alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "NEXT_PAGES", 90)
    monkeypatch.setattr("wanstudio.activity.queries.NEXT_PAGES", 90)
    monkeypatch.setattr("wanstudio.activity.queries.FIRST_PAGE", 70)
    for address in ("/usage/ledger.csv", "/activity/activity.csv"):
        answer: Any = as_alice.get(address)
        rows = b"".join(answer.streaming_content).decode().splitlines()[1:]
        times = [row.split(",")[0] for row in rows]
        assert len(rows) >= ROWS / 2
        assert len(set(rows)) == len(rows)
        assert times[2:1500] == sorted(times[2:1500])


def test_who_is_removed_gets_no_further_page(
    team: Team, bob: User, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(6):
        factories.job(team, bob, provider="apixo")
    monkeypatch.setattr(lookups, "FIRST_PAGE", 2)
    monkeypatch.setattr("wanstudio.web.csv_answers.LINES_AT_ONCE", 1)
    client = Client()
    client.force_login(bob)
    answer: Any = client.get("/usage/ledger.csv")
    lines = iter(answer.streaming_content)
    assert [bool(next(lines)) for _ in range(3)] == [True] * 3
    Membership.objects.filter(user=bob).delete()
    assert b"".join(lines) == b""
