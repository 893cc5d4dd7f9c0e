"""The place in line, where people look for it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.jobs.test_status_poll import Queries, poll
from wanstudio.accounts.models import User
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.words import describe
from wanstudio.teams.models import Team


@pytest.fixture
def job(team: Team, alice: User) -> Job:
    return factories.job(team, alice, provider="apixo")


def placed(job: Job, position: int, **fields: Any) -> Job:
    Job.objects.filter(pk=job.pk).update(position=position, version=job.version + 1, **fields)
    return Job.objects.get(pk=job.pk)


@pytest.mark.parametrize(
    ("position", "words"),
    [
        (1, "Next in the queue."),
        *((2, "2nd in the queue."), (3, "3rd in the queue."), (4, "4th in the queue."), (21, "21st in the queue.")),
        *(
            (11, "11th in the queue."),
            (12, "12th in the queue."),
            (13, "13th in the queue."),
            (112, "112th in the queue."),
        ),
    ],
)
def test_the_sentence(job: Job, position: int, words: str) -> None:
    assert describe(placed(job, position)).sentence == f"{words} $1.14 reserved."


def test_the_sandbox_reserves_nothing(team: Team, alice: User) -> None:
    job = placed(factories.job(team, alice), 2)
    assert describe(job).sentence == "2nd in the queue. Nothing is billed."


def test_the_reason_wins(job: Job) -> None:
    words = describe(placed(job, 2, problem="Sending is stopped in Settings."))
    assert (words.sentence, words.position, words.progress.beside) == (
        "Sending is stopped in Settings.",
        "",
        "in the queue",
    )


def test_the_pages_say_it(job: Job, as_alice: Client) -> None:
    placed(job, 2)
    assert "2nd in the queue. $1.14 reserved." in as_alice.get(reverse("jobs.show", args=[job.pk])).content.decode()
    assert "· 2nd in the queue" in as_alice.get(reverse("jobs.index")).content.decode()
    assert "2nd in the queue" in as_alice.get(reverse("studio.index")).content.decode()


@pytest.mark.parametrize("kind", ["rows", "job", "dock"])
def test_a_new_place_arrives_with_the_poll(
    kind: str, job: Job, as_alice: Client, django_assert_max_num_queries: Queries
) -> None:
    job = placed(job, 3)
    seen = f"{job.pk}:{job.version}"
    assert poll(as_alice, seen, kind).status_code == 204
    placed(job, 2)
    with django_assert_max_num_queries(3):
        assert "2nd in the queue" in poll(as_alice, seen, kind).content.decode()
