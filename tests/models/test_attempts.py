"""An attempt's token cannot be guessed, and a task id that somebody told us is not lost."""

import pytest
from pytest_django import Settings

from tests import factories
from wanstudio.models import Attempt, Job, Team, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def attempt(team: Team, alice: User) -> Attempt:
    return Attempt.objects.create(job=factories.job(team, alice), provider="apixo")


def test_a_token_finds_its_attempt(attempt: Attempt) -> None:
    found = Attempt.by_token(attempt.callback_token)
    assert found == attempt
    assert str(found) == f"attempt {attempt.pk} of {attempt.job_id}"


def test_a_token_belongs_to_one_attempt_and_one_studio(attempt: Attempt, settings: Settings) -> None:
    other = Attempt.objects.create(job=attempt.job, provider="apixo")
    assert other.callback_token.split(".")[1] != attempt.callback_token.split(".")[1]
    token = attempt.callback_token
    settings.SECRET_KEY = "another studio's"
    assert Attempt.by_token(token) is None


@pytest.mark.parametrize("token", ["", ".", "1", "1.", ".x", "1.x.y", "²." + "x" * 43, "1" * 19 + ".x", "-1.x", " 1.x"])
def test_nonsense_is_no_token(attempt: Attempt, token: str) -> None:
    assert Attempt.by_token(token) is None


def test_the_first_hint_stays_until_it_is_looked_at(attempt: Attempt) -> None:
    attempt.hint("task_1")
    attempt.hint("task_2")
    attempt.refresh_from_db()
    assert attempt.hinted_task_id == "task_1"
    attempt.forget("task_2")
    attempt.refresh_from_db()
    assert attempt.hinted_task_id == "task_1"
    attempt.forget("task_1")
    attempt.hint("task_2")
    attempt.refresh_from_db()
    assert attempt.hinted_task_id == "task_2"


def test_an_answer_is_kept_without_any_lease(attempt: Attempt) -> None:
    Job.objects.update(lease_token=None)
    attempt.record(outcome="accepted", task_id="task_1", http_status=200)
    attempt.refresh_from_db()
    assert (attempt.outcome, attempt.task_id, attempt.answered_at is None) == ("accepted", "task_1", False)
    attempt.hint("task_2")
    attempt.forget("task_1")
    attempt.refresh_from_db()
    assert (attempt.task_id, attempt.hinted_task_id) == ("", "task_2")
