"""Plans of the queries that every worker and every page asks: by an index, whatever lies in the table."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from tests import factories
from wanstudio.accounts.models import User
from wanstudio.jobs.models.job import Job
from wanstudio.management.commands.run import needs_sandbox
from wanstudio.teams.models import Team
from wanstudio.work import registry
from wanstudio.work.advance import due, due_of_all_kinds, quiet_s

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by the rows that are there"),
]


def plans(captured: CaptureQueriesContext) -> list[str]:
    with connection.cursor() as cursor:
        return [
            row[3]
            for query in captured.captured_queries
            for row in cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}").fetchall()
        ]


def test_due_rows_of_every_kind_are_found_by_index(team: Team, alice: User) -> None:
    factories.job(team, alice)
    registry.load_steps()
    for model in registry.kinds:
        with CaptureQueriesContext(connection) as asked:
            due(model)
        name = model.__name__.lower()
        assert any(f"USING INDEX {name}_due" in step for step in plans(asked))
        assert any(f"USING INDEX {name}_nudged" in step for step in plans(asked))
        assert f"SCAN {model._meta.db_table}" not in plans(asked)
    with CaptureQueriesContext(connection) as asked:
        due_of_all_kinds(16)
    together = plans(asked)
    for model in registry.kinds:
        assert (
            sum(f"USING INDEX {model.__name__.lower()}_{why}" in step for step in together for why in ("due", "nudged"))
            == 2
        )
        assert f"SCAN {model._meta.db_table}" not in together


def test_a_look_for_work_and_the_outlook_are_one_query_each(team: Team) -> None:
    registry.load_steps()
    due_of_all_kinds(16)
    for act in (lambda: due_of_all_kinds(16), quiet_s):
        with CaptureQueriesContext(connection) as asked:
            act()
        assert len(asked) == 1


def test_idle_worker_reads_no_table_through(team: Team, alice: User, settings: Settings) -> None:
    """Neither as it looks when something will be due, nor as the studio looks whether it needs the sandbox."""
    settings.PROVIDER = "apixo"
    factories.job(team, alice)
    Job.objects.update(due_at=None)
    registry.load_steps()
    for act in (quiet_s, needs_sandbox):
        with CaptureQueriesContext(connection) as asked:
            act()
        scanned = {f"SCAN {model._meta.db_table}" for model in registry.kinds}
        assert not scanned & {*plans(asked)}
    assert any("job_line (provider=? AND state=?)" in step for step in plans(asked))


def test_unfinished_jobs_of_a_team_are_counted_by_index(team: Team) -> None:
    with CaptureQueriesContext(connection) as asked:
        Job.objects.unfinished().filter(team=team).count()
    assert any("job_of_state (team_id=? AND state=?)" in step for step in plans(asked))
