"""Compiled queries: what they read is what the ORM reads."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests import factories
from tests.page_rows import moved, result
from wanstudio.accounts.models import User
from wanstudio.jobs.models.history import Transition
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.queries import _TIMELINES
from wanstudio.jobs.states import State
from wanstudio.money.models import Money
from wanstudio.teams.models import Team

PARTS = ("team", "person", "character", "motion", "video")


def facts(row: object) -> dict[str, object] | None:
    """All fields, and the types of their values."""
    return (
        None
        if row is None
        else {name: (type(value), value) for name, value in vars(row).items() if not name.startswith("_")}
    )


@pytest.fixture
def jobs(team: Team, alice: User) -> list[Job]:
    plain, done = factories.job(team, alice), factories.job(team, alice, prompt="a walk")
    moved(done, State.DONE, video=result(done), result_urls=["a", "b"], money=Money.SETTLED, expected_low_s=12.5)
    Transition.objects.create(job=done, from_state="queued", to_state="done", why="quick")
    return [plain, done]


def test_models_of_a_compiled_query_are_those_of_the_orm(jobs: list[Job], alice: User) -> None:
    found = [step for step, _ in _TIMELINES.rows(alice.pk, [job.pk for job in jobs])]
    related = ("job", *(f"job__{part}" for part in PARTS))
    expected = list(Transition.objects.select_related(*related).order_by("job_id", "pk"))

    assert [facts(step) for step in found] == [facts(step) for step in expected]
    for one, other in zip(found, expected, strict=True):
        assert facts(one.job) == facts(other.job)
        for part in PARTS:
            assert facts(getattr(one.job, part)) == facts(getattr(other.job, part))
    assert found[-1].job is found[-2].job


def test_models_of_a_compiled_query_need_no_other(
    jobs: list[Job], alice: User, django_assert_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    with django_assert_num_queries(1):
        steps = [step for step, _ in _TIMELINES.rows(alice.pk, [job.pk for job in jobs])]
        assert [bool(step.job.video) for step in steps] == [False, *[True] * (len(steps) - 1)]
        assert all(step.job.character.name and str(step.job.person) and step.job.team.name for step in steps)
