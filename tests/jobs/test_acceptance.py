"""A job from the click: one form, one job; and what the past says about the next."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connection

from tests import factories
from wanstudio.accounts.models import User
from wanstudio.jobs.models.history import Transition
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.money.models import Money
from wanstudio.teams.models import Team


@pytest.mark.django_db
def test_accepted_with_its_price_reserved(team: Team, alice: User) -> None:
    made = factories.job(team, alice, prompt="keep the face", seed=-1)
    job = Job.objects.get()
    assert job == made
    assert (job.state, job.money, job.price, job.unit_price) == (
        State.QUEUED,
        Money.RESERVED,
        Decimal("1.14"),
        Decimal("0.08"),
    )
    assert (job.duration, job.billed_seconds) == (14.2, Decimal("14.2"))
    assert (job.prompt, job.seed, job.title, str(job)) == ("keep the face", -1, "Mira · walk", f"job {job.pk}")
    assert job.due_at
    step = Transition.objects.get()
    assert (step.from_state, step.to_state, str(step)) == ("", "queued", " → queued")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("mira.png", "Mira · walk"),
        ("the-old_man.v2.webp", "The old man.v2 · walk"),
        ("IMG_1234.HEIC", "Picture 1234 · walk"),
        (".png", "Picture · walk"),
        ("x" * 200, f"X{'x' * 97} · walk"),
    ],
)
@pytest.mark.django_db
def test_titles(team: Team, alice: User, name: str, title: str) -> None:
    assert factories.job(team, alice, character=factories.character(team, alice, file_name=name)).title == title


@pytest.mark.django_db
def test_one_form_one_job(team: Team, alice: User) -> None:
    nonce = uuid4()
    first = factories.job(team, alice, nonce=nonce)
    second = factories.job(team, alice, nonce=nonce, prompt="another prompt, the same form")
    assert second == first
    assert (Job.objects.count(), Transition.objects.count(), second.prompt) == (1, 1, "")


@pytest.mark.django_db
def test_a_stolen_nonce_shows_nothing(team: Team, alice: User, charlie: User) -> None:
    nonce = factories.job(team, alice).nonce
    with pytest.raises(Job.DoesNotExist):
        factories.job(charlie.teams.get(), charlie, nonce=nonce)


@pytest.mark.django_db(transaction=True)
def test_fifty_posts_of_one_form_make_one_job(team: Team, alice: User) -> None:
    nonce, character, motion = uuid4(), factories.character(team, alice), factories.motion(team, alice)
    start = Barrier(50)

    def post() -> int:
        start.wait(120)
        try:
            return factories.job(team, alice, nonce=nonce, character=character, motion=motion).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as pool:
        made = {future.result() for future in [pool.submit(post) for _ in range(50)]}
    assert made == {Job.objects.get().pk}
    assert Transition.objects.count() == 1


@pytest.mark.django_db
def test_usual_time(team: Team, alice: User) -> None:
    usual = Job.objects.usual_time
    assert usual("sandbox", "720p", Decimal(10)) is None
    factories.job(team, alice)
    assert usual("sandbox", "720p", Decimal(10)) is None, "a job that is not done yet says nothing"
    for seconds in (142, 284, 426):
        job = factories.job(team, alice)
        Job.objects.filter(pk=job.pk).update(cost_ms=seconds * 1000)
    assert usual("sandbox", "720p", Decimal(10)) == pytest.approx((150, 200, 250))
    assert usual("sandbox", "480p", Decimal(10)) is None
    assert usual("apixo", "720p", Decimal(10)) is None


@pytest.mark.django_db
def test_one_past_job_is_all_that_is_known(team: Team, alice: User) -> None:
    factories.job(team, alice)
    Job.objects.update(cost_ms=142_000)
    assert Job.objects.usual_time("sandbox", "720p", Decimal(5)) == pytest.approx((50, 50, 50))


@pytest.mark.django_db
def test_unfinished(team: Team, alice: User) -> None:
    for state in State:
        Job.objects.filter(pk=factories.job(team, alice).pk).update(state=state)
    moving = {State(state) for state in Job.objects.unfinished().values_list("state", flat=True)}
    assert moving == {State.QUEUED, State.SUBMITTING, State.RUNNING, State.ARCHIVING}
    changing = {State(job.state) for job in Job.objects.all() if not job.has_ended}
    assert changing == moving | {State.UNCERTAIN}


def test_the_sandbox_bills_nothing() -> None:
    assert not Job(provider="sandbox").is_billed
    assert Job(provider="apixo").is_billed
