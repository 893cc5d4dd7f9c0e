"""Usage: page, file and ledger say the same, and each person sees what they may."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from tests import factories
from tests.money.test_ledger import again, follow, lost
from tests.page_rows import finished, moved
from wanstudio.accounts.models import User
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.keys import verbs as key_verbs
from wanstudio.keys.models import ProviderKey
from wanstudio.money.models import Entry, Money
from wanstudio.money.queries import month_of, span, spent
from wanstudio.review.models import Verdict
from wanstudio.review.verbs import decide
from wanstudio.teams.models import Membership, Team

P = Decimal("1.14")


@pytest.fixture
def _lives(team: Team, alice: User, bob: User) -> None:
    """One job of everything that can become of money."""
    finished(team, alice, provider="apixo")
    factories.job(team, alice, provider="apixo")
    follow(again(lost(factories.job(team, bob, provider="apixo"))), "task_2")
    moved(factories.job(team, bob, provider="apixo"), State.FAILED, money=Money.ASSUMED)
    finished(team, bob)


def words(client: Client, query: str = "") -> str:
    html = client.get(f"/usage/{query}").content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def table(client: Client) -> list[dict[str, str]]:
    answer: Any = client.get("/usage/ledger.csv")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert ".csv" in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


@pytest.mark.usefixtures("_lives")
def test_page_and_file_agree_to_the_cent(as_alice: Client) -> None:
    context = as_alice.get("/usage/").context
    total = {name: sum(Decimal(row[name]) for row in table(as_alice)) for name in ("reserved", "settled", "unknown")}
    assert total == {"reserved": 2 * P, "settled": P, "unknown": P}
    spent = context["total"]
    assert (spent.balance._asdict(), spent.videos) == (total, 1)
    sums = {row.name: (row.balance.settled, row.balance.reserved, row.balance.unknown) for row in context["rows"]}
    assert sums == {"Alice": (P, P, 0), "Bob": (0, P, P)}


@pytest.mark.usefixtures("_lives")
def test_member_sees_their_own_spending_only(as_bob: Client, team: Team, bob: User) -> None:
    assert {row["person"] for row in table(as_bob)} == {"Bob"}
    assert [row.name for row in as_bob.get("/usage/").context["rows"]] == ["Bob"]
    assert "Alice" not in words(as_bob).partition("Usage")[2].partition("Ledger")[2]
    Membership.objects.filter(user=bob).update(role=Membership.Role.ADMIN)
    assert {row["person"] for row in table(as_bob)} == {"Alice", "Bob"}


@pytest.mark.usefixtures("_lives")
def test_strangers_see_no_usage(as_charlie: Client, nobody: Client) -> None:
    assert table(as_charlie) == []
    assert "No spending yet" in words(as_charlie)
    assert nobody.get("/usage/ledger.csv").status_code == 302


def test_the_file_runs_nothing_in_a_spreadsheet(team: Team, alice: User, as_alice: Client) -> None:
    job = factories.job(team, alice, provider="apixo")
    Job.objects.filter(pk=job.pk).update(title='=HYPERLINK("http://x","y")\n+1,"')
    (row,) = table(as_alice)
    assert row["title"] == '\'=HYPERLINK("http://x","y") +1,"'
    assert row["amount"] == row["reserved"] == "1.14"


def test_ledger_is_shown_a_page_at_a_time(
    team: Team, alice: User, as_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wanstudio.usage.views.PAGE", 2)
    for _ in range(3):
        factories.job(team, alice, provider="apixo")
    first = as_alice.get("/usage/")
    rest = as_alice.get("/usage/", {"before": first.context["next"]})
    assert len(first.context["entries"]) == 2
    assert len(rest.context["entries"]) == 1
    assert rest.context["next"] is None
    assert "Newest" in rest.content.decode()


def test_the_page_costs_the_same_for_any_number(
    team: Team, alice: User, as_alice: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(30):
        finished(team, alice, provider="apixo")
    as_alice.get("/usage/")
    with django_assert_max_num_queries(26):
        as_alice.get("/usage/")


def test_owner_sees_the_reconciliation(
    team: Team, alice: User, as_alice: Client, as_bob: Client, settings: Any
) -> None:
    settings.PROVIDER = "apixo"
    key = ProviderKey.at("apixo")
    key_verbs.note_balance(key, Decimal("74.87"))
    finished(team, alice, provider="apixo")
    key_verbs.note_balance(key, Decimal("73.73"))
    assert re.search(r"APIXO’s balance fell by \$1.14 since [^.]* UTC. Our total agrees.", words(as_alice))
    key_verbs.note_balance(key, Decimal("72.59"))
    said = words(as_alice)
    assert re.search(r"balance fell by \$2.28 since [^.]*, our total is \$1.14: \$1.14 more than we know of.", said)
    assert "more than we know of" not in words(as_bob), "the key is its owner's"
    settings.PROVIDER = "sandbox"
    assert "APIXO’s balance" not in words(as_alice)
    settings.PROVIDER = "apixo"
    key_verbs.note_balance(key, Decimal("74.87"))
    assert re.search(r"balance did not change since \d+ \w+, \d+:\d+ UTC, when money was added", words(as_alice))


@pytest.mark.usefixtures("_lives")
def test_every_plot_adds_up_to_the_ledger(as_alice: Client) -> None:
    context = as_alice.get("/usage/?month=all").context
    assert [title for title, _ in context["plots"]] == ["By person", "By behaviour", "By resolution"]
    for _, lines in context["plots"]:
        assert sum(line.total for line in lines) == context["month_total"] == 4 * P
    answer: Any = as_alice.get("/usage/usage.csv?month=all")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert sum(Decimal(row[name]) for row in rows for name in ("reserved", "settled", "unknown")) == 4 * P
    assert as_alice.get("/usage/?month=2020-01").context["month_total"] == 0


def weekly(team: Team, person: User, *spending: tuple[datetime, str]) -> None:
    """Dollars this person reserved at these moments, and had charged a month later."""
    job = factories.job(team, person, provider="apixo")
    for at, amount in spending:
        entry = {"team": team, "person": person, "job": job, "provider": "apixo", "amount": (price := Decimal(amount))}
        Entry.objects.create(kind="reserved", reserved=price, at=at, **entry)
        Entry.objects.create(kind="settled", reserved=-price, settled=price, at=at + timedelta(days=31), **entry)


def test_the_weeks_are_stacked_by_person(team: Team, alice: User, bob: User, as_alice: Client, as_bob: Client) -> None:
    team.time_zone = "Europe/Berlin"
    team.save()
    # The second is a Monday morning in Berlin, and still Sunday in UTC.
    weekly(team, alice, (datetime(2026, 3, 4, tzinfo=UTC), "30"), (datetime(2026, 3, 8, 23, 30, tzinfo=UTC), "10"))
    weekly(team, bob, (datetime(2026, 3, 10, tzinfo=UTC), "5"))
    plot = as_alice.get("/usage/?month=2026-03").context["weeks"]
    assert plot.people == ["Alice", "Bob"]
    amounts = {str(week.begins): week.amounts for week in plot.weeks}
    assert list(amounts)[-1] == "2026-03-30"
    assert len(amounts) == 12
    assert amounts["2026-03-02"] == [30, 0]
    assert amounts["2026-03-09"] == [10, 5]
    assert plot.total == 45
    heights = {str(week.begins): [(part.number, part.height) for part in week.parts] for week in plot.weeks}
    assert heights["2026-03-02"] == [(1, 158.5)]
    assert [number for number, _ in heights["2026-03-09"]] == [1, 2]
    assert [label for _, label in plot.ticks] == ["$0", "$10", "$20", "$30"]
    assert as_bob.get("/usage/?month=2026-03").context["weeks"].people == ["Bob"]
    assert as_alice.get("/usage/?month=2025-03").context["weeks"] is None


def test_who_has_no_colour_of_their_own_is_among_the_others(team: Team, alice: User, as_alice: Client) -> None:
    at = datetime(2026, 3, 4, tzinfo=UTC)
    for name, amount in (("Carla", "3"), ("Dan", "0.40"), ("Ed", "9"), ("Fay", "2"), ("Gil", "0.20")):
        weekly(team, factories.user(name, team), (at, amount))
    plot = as_alice.get("/usage/?month=2026-03").context["weeks"]
    assert plot.people == ["Carla", "Ed", "Fay", "Others"]
    assert plot.top.amounts == [3, 9, 2, Decimal("0.60")]


def test_a_month_begins_in_the_teams_time_zone(team: Team, alice: User) -> None:
    team.time_zone = "Europe/Berlin"
    assert [moment.isoformat() for moment in span(team, date(2026, 3, 1))] == [
        "2026-02-28T23:00:00+00:00",
        "2026-03-31T22:00:00+00:00",
    ]
    assert month_of(team, datetime(2026, 10, 31, 23, 30, tzinfo=UTC)) == date(2026, 11, 1)
    job = factories.job(team, alice, provider="apixo")
    first, last = datetime(2026, 3, 31, 21, 59, tzinfo=UTC), datetime(2026, 4, 2, tzinfo=UTC)
    column = {"person": alice, "job": job, "provider": "apixo", "amount": P}
    other = factories.team("Other", time_zone="Europe/Berlin")
    column["team"] = other
    Entry.objects.create(kind="reserved", reserved=P, at=first, **column)
    Entry.objects.create(kind="settled", reserved=-P, settled=P, at=last, **column)
    assert spent(other, "apixo", date(2026, 3, 1)) == P
    assert spent(other, "apixo", date(2026, 4, 1)) == 0, "settled later, it stays in the month of its reservation"


def test_what_an_approved_second_costs(team: Team, alice: User, as_alice: Client) -> None:
    """Everything that was charged counts, also what nobody approved; what is taken back no longer does."""
    good, bad = (finished(team, alice, provider="apixo") for _ in range(2))
    assert "after the first approval in this period" in words(as_alice)
    decide(good, alice, Verdict.Decision.APPROVED)
    decide(bad, alice, Verdict.Decision.NEEDS_WORK)
    price = (2 * P / Decimal(str(good.duration))).quantize(Decimal("0.01"))
    assert f"${price} for each approved second" in words(as_alice)
    decide(good, alice, Verdict.Decision.OPEN)
    assert "for each approved second" not in words(as_alice)


def test_the_balance_of_the_sandbox_proves_nothing(as_alice: Client, team: Team, alice: User) -> None:
    finished(team, alice, provider="apixo")
    assert as_alice.get("/usage/").context["reconciliation"] is None


def test_the_sandbox_shows_its_test_money(team: Team, alice: User, bob: User, as_alice: Client, as_bob: Client) -> None:
    finished(team, alice, provider="sandbox")
    finished(team, bob, provider="sandbox")
    page = words(as_alice)
    assert "No spending yet" not in page
    assert "Test money: $2.28" in page
    mine = words(as_bob)
    assert "Test money: $1.14" in mine
    assert "Alice" not in mine.partition("Test money")[2]
    assert "All time" not in page, "test money is in no other sum"
