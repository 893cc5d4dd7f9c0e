"""The figures for Prometheus: who may read them, what they say, and what they cost among many jobs."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.test import Client, override_settings
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from tests import factories
from tests.page_rows import moved
from wanstudio.accounts.models import User
from wanstudio.jobs.models import Job, State
from wanstudio.keys import call_budget
from wanstudio.keys import verbs as key_verbs
from wanstudio.keys.models import ProviderKey
from wanstudio.operations import metrics
from wanstudio.teams.models import Team
from wanstudio.work.models import Heartbeat

pytestmark = pytest.mark.django_db
TOKEN = "token-of-prometheus"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def prometheus(team: Team) -> Any:
    with override_settings(METRICS_TOKEN=TOKEN):
        yield


def read() -> dict[tuple[str, ...], float]:
    """By name and values of the labels, in the order of their names."""
    answer = Client().get("/metrics", headers=HEADERS)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.content.decode())
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


# --- who may read them ---


def test_without_its_settings_there_is_no_such_page_and_no_query(team: Team, django_assert_num_queries: Any) -> None:
    client = Client()
    client.get("/healthz")
    with django_assert_num_queries(0):
        client.get("/metrics", headers=HEADERS)
    assert client.get("/metrics", headers=HEADERS).status_code == 404


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer ü"]
)
def test_token_is_asked_for(prometheus: None, given: str) -> None:
    answer = Client().get("/metrics", headers={"Authorization": given})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert b"wanstudio_" not in answer.content


@pytest.mark.parametrize(
    ("peer", "forwarded", "status"),
    [
        ("192.0.2.7", "", 200),
        ("198.51.100.1", "", 403),
        # Who the proxy names counts; what a client writes there itself does not.
        ("10.0.0.5", "192.0.2.7", 200),
        ("10.0.0.5", "198.51.100.1", 403),
        ("10.0.0.5", "192.0.2.7, 198.51.100.1", 403),
        ("198.51.100.1", "192.0.2.7", 403),
        # The address of a proxy that is not trusted, and of one that does not say who asks, is nobody's.
        ("192.0.2.9", "198.51.100.1", 403),
        ("192.0.2.9", "192.0.2.9", 403),
        ("10.0.0.5", "unknown", 403),
        ("10.0.0.5", "unknown, 10.0.0.5", 403),
    ],
)
def test_addresses_are_those_of_the_real_client(team: Team, peer: str, forwarded: str, status: int) -> None:
    import ipaddress

    networks = [ipaddress.ip_network(one) for one in ("192.0.2.0/24", "10.0.0.5")], [ipaddress.ip_network("10.0.0.5")]
    with override_settings(METRICS_ADDRESSES=networks[0], TRUSTED_PROXIES=networks[1]):
        headers = {"X-Forwarded-For": forwarded} if forwarded else {}
        assert Client(REMOTE_ADDR=peer).get("/metrics", headers=headers).status_code == status


def test_both_must_fit_where_both_are_set(prometheus: None) -> None:
    import ipaddress

    with override_settings(METRICS_ADDRESSES=[ipaddress.ip_network("192.0.2.0/24")]):
        assert Client().get("/metrics", headers=HEADERS).status_code == 403
        assert Client(REMOTE_ADDR="192.0.2.7").get("/metrics").status_code == 401
        assert Client(REMOTE_ADDR="192.0.2.7").get("/metrics", headers=HEADERS).status_code == 200


def test_nothing_is_posted_and_no_session_begins(prometheus: None) -> None:
    assert Client().post("/metrics", headers=HEADERS).status_code == 405
    answer = Client().get("/metrics", headers=HEADERS)
    assert (answer.cookies, answer["Cache-Control"]) == ({}, "private, no-store")


# --- what they say ---


def test_jobs_are_counted_by_state(prometheus: None, team: Team, bob: User) -> None:
    jobs = [factories.job(team, bob) for _ in range(5)]
    for job, state in zip(jobs, (State.RUNNING, State.RUNNING, State.FAILED, State.CANCELLED), strict=False):
        Job.objects.filter(pk=job.pk).update(state=state)
    found = read()
    counts = {state: found["wanstudio_jobs", "sandbox", state] for state in State.values}
    assert counts == {**dict.fromkeys(State.values, 0), "queued": 1, "running": 2, "failed": 1, "cancelled": 1}


def test_done_jobs_are_counted_by_the_kept_sums(prometheus: None, team: Team, bob: User) -> None:
    job = factories.job(team, bob)
    moved(job, State.DONE)
    assert read()["wanstudio_jobs", "sandbox", "done"] == Job.objects.filter(state=State.DONE).count() == 1


def test_ages_of_queue_and_worker(prometheus: None, team: Team, bob: User) -> None:
    empty = read()
    assert (empty["wanstudio_queue_age_seconds",], empty["wanstudio_worker_lag_seconds",]) == (0, 0)
    first, second = factories.job(team, bob), factories.job(team, bob)
    Job.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(hours=1))
    Job.objects.filter(pk=second.pk).update(due_at=Now() - timedelta(minutes=2))
    found = read()
    assert 3600 <= found["wanstudio_queue_age_seconds",] < 3660
    assert 120 <= found["wanstudio_worker_lag_seconds",] < 180


def test_workers_and_their_last_sign_of_life(prometheus: None) -> None:
    assert read()["wanstudio_workers",] == 0
    Heartbeat.objects.create(name="a", seen_at=timezone.now())
    Heartbeat.objects.create(name="b", seen_at=timezone.now() - timedelta(minutes=2))
    found = read()
    assert found["wanstudio_workers",] == 1
    assert found["wanstudio_worker_heartbeat_age_seconds",] < 30


def test_calls_are_counted_where_the_budget_is_taken(prometheus: None, django_assert_num_queries: Any) -> None:
    key = ProviderKey.at("apixo")
    call_budget.take(key, poll=True)
    with django_assert_num_queries(1):
        call_budget.take(key, submission=True)
    key_verbs.back_off(key, timedelta(seconds=10))
    key_verbs.back_off(key, timedelta(seconds=10))
    found = read()
    names = ("provider_calls_total", "provider_submissions_total", "provider_rate_limited_total")
    assert [found[f"wanstudio_{name}", "apixo"] for name in names] == [2, 1, 2]
    assert found["wanstudio_provider_blocked", "apixo", "rate_limited"] == 1


def test_call_that_finds_no_room_is_not_counted(prometheus: None) -> None:
    key = ProviderKey.at("apixo")
    taken = sum(call_budget.take(key) for _ in range(30))
    assert taken < 30
    assert read()["wanstudio_provider_calls_total", "apixo"] == taken


def test_money_is_in_dollars_by_provider_and_kind(prometheus: None, team: Team, bob: User) -> None:
    job = factories.job(team, bob)
    ProviderKey.at("apixo").row.update(balance=Decimal("74.87"), balance_at=Now() - timedelta(seconds=60))
    found = read()
    assert found["wanstudio_money_dollars", "reserved", "sandbox"] == float(job.price)
    assert found["wanstudio_provider_balance_dollars", "apixo"] == 74.87
    assert 60 <= found["wanstudio_provider_balance_age_seconds", "apixo"] < 90


def test_what_runs_and_its_disk(prometheus: None) -> None:
    found = read()
    (running,) = [labels for labels in found if labels[0] == "wanstudio_info"]
    assert running[1] == connection.vendor
    assert running[2].count(".") == 2
    assert 0 < found["wanstudio_disk_free_bytes",] <= found["wanstudio_disk_size_bytes",]
    assert found["wanstudio_up",] == 1
    assert {labels[1] for labels in found if labels[0] == "wanstudio_outage"} == {"database", "disk", "broker"}


def test_no_label_names_a_job_a_person_or_a_team(prometheus: None, team: Team, bob: User) -> None:
    factories.job(team, bob, prompt="a secret prompt")
    said = Client().get("/metrics", headers=HEADERS).content.decode()
    assert not [name for name in (team.name, bob.name, bob.email, "secret prompt") if name in said]
    kept = {"version", "database", "provider", "state", "kind", "reason", "part"}
    families = list(text_string_to_metric_families(said))
    assert {label for family in families for one in family.samples for label in one.labels} <= kept


def test_openmetrics_is_spoken_to_who_asks_for_it(prometheus: None) -> None:
    accept = {"Accept": "application/openmetrics-text;version=1.0.0"}
    answer = Client().get("/metrics", headers=HEADERS | accept)
    assert answer["Content-Type"].startswith("application/openmetrics-text")
    assert answer.content.endswith(b"# EOF\n")


# --- what they cost ---


def test_number_of_queries_is_the_same_for_more_jobs_and_people(
    prometheus: None, team: Team, bob: User, alice: User, django_assert_num_queries: Any
) -> None:
    read()
    with django_assert_num_queries(9):
        read()
    for person in (bob, alice):
        for _ in range(4):
            factories.job(team, person)
    ProviderKey.at("apixo")
    with django_assert_num_queries(9):
        read()


def plan_of(rows: QuerySet[Any, Any]) -> str:
    sql, params = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {sql}", params)
            return "\n".join(str(row[0]) for row in cursor.fetchall())
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        return "\n".join(str(row[3]) for row in cursor.fetchall())


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (metrics.state_counts, "job_line"),
        (metrics.sums, "kept_ever"),
        (metrics.oldest_queued, "job_line"),
        (metrics.oldest_due, "job_due"),
        (lambda: Job.objects.filter(alerted_at__isnull=False), "job_alerted"),
    ],
)
def test_each_question_about_jobs_reads_an_index(team: Team, rows: Any, index: str) -> None:
    plan = plan_of(rows())
    # Among no rows all indexes cost PostgreSQL the same: which one it takes, its statistics of the moment decide.
    assert index in plan or connection.vendor == "postgresql"
    assert "SCAN wanstudio_job\n" not in plan + "\n"
    assert "Seq Scan on wanstudio_job" not in plan


# --- the alerts ---

ALERTS = Path(__file__).parent.parent.parent / "deploy" / "alerts.yml"


def test_alerts_name_figures_that_exist_and_say_what_to_do(prometheus: None, team: Team, bob: User) -> None:
    import re

    factories.job(team, bob)
    Heartbeat.beat("here:1")
    ProviderKey.at("apixo").row.update(balance=1, balance_at=Now())
    said = Client().get("/metrics", headers=HEADERS).content.decode()
    known = set(re.findall(r"^(wanstudio_\w+)", said, re.M)) | {"wanstudio_backup_age_seconds"}
    (group,) = yaml.safe_load(ALERTS.read_text())["groups"]
    assert len(group["rules"]) >= 10
    for rule in group["rules"]:
        named = set(re.findall(r"wanstudio_\w+", rule["expr"]))
        assert named <= known, rule["alert"]
        assert named or "up{" in rule["expr"]
        assert {"summary", "description"} <= rule["annotations"].keys()
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["for"]
