"""An attempt's token cannot be guessed, and a task id that somebody told us is not lost."""

import pytest
from pytest_django import Settings

from tests import factories
from wanstudio.accounts.models import User
from wanstudio.jobs import verbs
from wanstudio.jobs.models.attempt import Attempt, Hint
from wanstudio.jobs.models.job import Job
from wanstudio.provider.calls import Outcome, Submission
from wanstudio.teams.models import Team

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
    verbs.note_task(attempt, "task_1")
    verbs.note_task(attempt, "task_2")
    attempt.refresh_from_db()
    assert attempt.hinted_task_id == "task_1"
    verbs.forget_task(attempt, "task_2")
    attempt.refresh_from_db()
    assert attempt.hinted_task_id == "task_1"
    verbs.forget_task(attempt, "task_1")
    verbs.note_task(attempt, "task_2")
    attempt.refresh_from_db()
    assert attempt.hinted_task_id == "task_2"


def test_every_id_that_was_named_is_kept(attempt: Attempt) -> None:
    for number in range(20):
        verbs.note_task(attempt, f"task_{number}")
    assert named(attempt) == [f"task_{number}" for number in range(8)], "nobody has asked about any of them yet"
    verbs.put_back(attempt, "task_0")
    verbs.note_task(attempt, "task_true")
    assert named(attempt) == [*(f"task_{number}" for number in range(1, 8)), "task_true"]
    verbs.note_task(attempt, "task_by_hand", by_hand=True)
    assert named(attempt)[:2] == ["task_by_hand", "task_1"]
    verbs.note_task(attempt, "task_by_hand")
    assert attempt_hints(attempt)[0]["by_hand"]


def attempt_hints(attempt: Attempt) -> list[Hint]:
    attempt.refresh_from_db()
    hints: list[Hint] = attempt.hints
    assert attempt.hinted_task_id == (hints[0]["task"] if hints else "")
    return hints


def named(attempt: Attempt) -> list[str]:
    return [hint["task"] for hint in attempt_hints(attempt)]


def test_an_answer_is_kept_without_any_lease(attempt: Attempt) -> None:
    Job.objects.update(lease_token=None)
    verbs.record_answer(attempt, Submission(Outcome.ACCEPTED, task_id="task_1", http_status=200))
    attempt.refresh_from_db()
    assert (attempt.outcome, attempt.task_id, attempt.answered_at is None) == ("accepted", "task_1", False)
    verbs.note_task(attempt, "task_2")
    verbs.forget_task(attempt, "task_1")
    attempt.refresh_from_db()
    assert (attempt.task_id, attempt.hinted_task_id) == ("", "task_2")
