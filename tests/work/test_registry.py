"""The worker's registry: every row that can be due has a step, and hooks run when they say."""

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from django.apps import apps

from tests.worker_fixtures import MakeJob
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.work import registry
from wanstudio.work.advance import advance, due
from wanstudio.work.leases import Leased
from wanstudio.work.registry import Kind

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def steps() -> None:
    registry.load_steps()


def test_process_that_does_no_work_has_every_answer_and_loads_no_steps_and_no_decoder() -> None:
    code = """
import sys, django
django.setup()
from wanstudio.work import registry
wrong = [name for name in sys.modules if name in ("av", *registry.step_modules)]
assert registry.step_modules and not wrong, wrong
# What pages ask, and later nouns answer, is there without the steps.
from wanstudio.keys import in_force
from wanstudio.teams.queries import figures
from wanstudio.videos.queries import link_counters, panels, wall_filters
assert in_force.key_user() and figures.keys() >= {"videos"} and wall_filters and panels and link_counters
registry.load_steps()
assert "av" not in sys.modules
"""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "wanstudio.settings"}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True, timeout=300)


def test_every_leased_model_has_a_step() -> None:
    leased = {model for model in apps.get_models() if issubclass(model, Leased)}
    assert {model for model, kind in registry.kinds.items() if kind.steps} == leased


def test_every_state_of_a_job_that_moves_by_itself_has_a_step() -> None:
    moving = {State.QUEUED, State.SUBMITTING, State.UNCERTAIN, State.RUNNING, State.ARCHIVING}
    assert registry.kinds[Job].steps.keys() == moving


def test_hooks_run_in_order_around_a_step(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    job, calls = make_job(), []
    monkeypatch.setattr(registry, "kinds", {Job: Kind()})
    registry.kind_of(Job).before_looking = lambda: calls.append("looked")
    registry.register(Job, lambda row: calls.append("step"), State.QUEUED)
    registry.kind_of(Job).after_release = lambda row, before: calls.append(f"{before} {row.keep_lease()}")
    assert due(Job) == [job.pk]
    assert advance(Job, job.pk)
    assert calls == ["looked", "step", "queued False"]


def test_failed_step_is_tried_again(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    job, calls = make_job(), []
    monkeypatch.setattr(registry, "kinds", {Job: Kind()})

    def fail(row: Job) -> None:
        raise RuntimeError("a surprise")

    registry.register(Job, fail)
    registry.kind_of(Job).after_release = lambda row, before: calls.append("release")
    assert advance(Job, job.pk)
    assert calls == ["release"]
    assert "a surprise" in caplog.text
    job.refresh_from_db()
    assert (job.due_at is not None, job.lease_token) == (True, None)


def test_row_without_a_step_stops_being_due(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job()
    monkeypatch.setattr(registry, "kinds", defaultdict(Kind))
    assert advance(Job, job.pk)
    job.refresh_from_db()
    assert job.due_at is None
