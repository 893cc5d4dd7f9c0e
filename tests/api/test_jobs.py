"""Making, following and cancelling, by the verbs of the pages."""

import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from tests import factories
from tests.api.conftest import Script
from tests.api.test_tokens import refused
from tests.jobs.test_status_poll import Queries
from wanstudio.accounts.models import User
from wanstudio.activity.models import Activity
from wanstudio.api.models import ApiPost
from wanstudio.jobs import verbs
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.teams.models import Team
from wanstudio.uploads.models import Source


def test_posted_job_equals_the_pages(script: Script, inputs: dict[str, Any], alice: User, team: Team) -> None:
    made = script.post("jobs", {**inputs, "behaviour": "replace", "prompt": "rain", "seed": 7})
    assert made.status_code == 201
    told, job = made.json(), Job.objects.get()
    assert (job.team, job.person, job.behaviour, job.prompt) == (team, alice, "replace", "rain")
    assert (job.seed, job.seed_generated, str(job.price), job.state) == (7, False, "1.14", "queued")
    assert (told["id"], told["price"], told["state"], told["money"]) == (job.pk, "1.14", "queued", "reserved")
    assert made["Location"] == told["page"] == f"http://127.0.0.1:8000/jobs/{job.pk}/"
    assert script.get(f"jobs/{job.pk}").json() == told


def test_click_of_the_api_takes_few_queries_in_one_transaction(
    script: Script, inputs: dict[str, Any], django_assert_max_num_queries: Queries
) -> None:
    script.post("jobs", inputs)
    with django_assert_max_num_queries(18) as asked:
        assert script.post("jobs", inputs).status_code == 201
    written = [query["sql"] for query in asked.captured_queries if query["sql"].startswith(("INSERT", "UPDATE"))]
    # The token's call, both inputs, and the job with its timeline, its price and the activity.
    assert len(written) == 6


def test_seed_is_generated_unless_stated(script: Script, inputs: dict[str, Any]) -> None:
    script.post("jobs", inputs)
    script.post("jobs", {**inputs, "seed": -1})
    generated, left = Job.objects.order_by("pk")
    assert (generated.seed_generated, left.seed) == (True, -1)
    assert generated.seed >= 0


@pytest.mark.parametrize("price", [1.14, "1.14", "1.140"])
def test_price_may_be_number_or_text(price: Any, script: Script, inputs: dict[str, Any]) -> None:
    assert script.post("jobs", {**inputs, "price": price}).status_code == 201


def test_changed_or_missing_price_makes_no_job(script: Script, inputs: dict[str, Any]) -> None:
    changed = script.post("jobs", {**inputs, "price": "0.57"}, **{"Idempotency-Key": "k"})
    refused(changed, 409, "price-changed")
    assert changed.json()["quote"]["price"] == "1.14"
    unsaid = {name: value for name, value in inputs.items() if name != "price"}
    missing = script.post("jobs", unsaid)
    refused(missing, 422, "price-missing")
    assert missing.json()["quote"]["price"] == "1.14"
    assert not Job.objects.exists()
    assert script.post("jobs", inputs, **{"Idempotency-Key": "k"}).status_code == 201, "it made nothing before"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"behaviour": "dance"}, "behaviour"),
        ({"resolution": "1080p"}, "resolution"),
        ({"seed": 2**31}, "seed"),
        ({"seed": -2}, "seed"),
        ({"promt": "rain"}, "promt"),
        ({"prompt": "x" * 2001}, "prompt"),
        ({"price": "free"}, "price"),
        ({"price": -1}, "price"),
        ({"character": 2**70}, "character"),
        ({"character": 0}, "character"),
        ({"character": 999_999}, "character"),
        ({"character": None}, "character"),
        ({"motion": None, "motion_url": "ftp://example.com/a.mp4"}, "motion"),
        ({"motion": None, "motion_url": "http://10.0.0.1/a.mp4"}, "motion"),
    ],
)
def test_refusal_names_its_field(change: dict[str, Any], field: str, script: Script, inputs: dict[str, Any]) -> None:
    response = script.post("jobs", inputs | change)
    refused(response, 422, "invalid")
    assert field in response.json()["errors"]
    assert not Job.objects.exists()


@pytest.mark.parametrize("body", ["", "{", "[]", "nonsense", '{"price": NaN}', "null"])
def test_unreadable_body_is_a_problem(body: str, script: Script, inputs: dict[str, Any]) -> None:
    response = script.client.post("/api/v1/jobs", body, "application/json")
    assert response.status_code in (400, 422)
    assert response["Content-Type"] == "application/problem+json"
    assert not Job.objects.exists()


def test_idempotency_key_makes_one_job(script: Script, inputs: dict[str, Any]) -> None:
    first, again = (script.post("jobs", inputs, **{"Idempotency-Key": "take-1"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    verbs.cancel(Job.objects.get())
    later = script.post("jobs", dict(reversed(inputs.items())), **{"Idempotency-Key": "take-1"})
    assert first.json() == again.json() == later.json()
    assert ("Idempotent-Replayed" in first, again["Idempotent-Replayed"]) == (False, "true")
    refused(script.post("jobs", {**inputs, "prompt": "rain"}, **{"Idempotency-Key": "take-1"}), 422, "key-reused")
    refused(script.post("jobs", inputs, **{"Idempotency-Key": "x" * 256}), 422, "key-reused")
    assert Job.objects.count() == ApiPost.objects.count() == 1
    assert script.post("jobs", inputs, **{"Idempotency-Key": "take-2"}).status_code == 201
    assert Job.objects.count() == 2


def test_idempotency_keys_belong_to_their_token(
    script: Script, stranger: Script, inputs: dict[str, Any], charlie: User
) -> None:
    """The same word of another team's is another key, and reaches nobody's job."""
    other = charlie.teams.get()
    theirs = {"character": factories.character(other, charlie).pk, "motion": factories.motion(other, charlie).pk}
    mine = script.post("jobs", inputs, **{"Idempotency-Key": "a"}).json()
    yours = stranger.post("jobs", {**inputs, **theirs}, **{"Idempotency-Key": "a"}).json()
    assert mine["id"] != yours["id"]


def at_once(script: Script, posts: list[tuple[dict[str, Any], str]]) -> list[Any]:
    """All of these jobs at the same moment, each from a thread of its own; the answers in any order."""
    answers: list[Any] = []
    start = threading.Barrier(len(posts))

    def send(body: dict[str, Any], key: str) -> None:
        caller = Script(script.client.defaults["HTTP_AUTHORIZATION"].removeprefix("Bearer "))
        start.wait(60)
        try:
            answers.append(caller.post("jobs", body, **{"Idempotency-Key": key}))
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=post) for post in posts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return answers


@pytest.mark.django_db(transaction=True)
def test_fifty_posts_at_once_with_one_key_make_one_job(script: Script, inputs: dict[str, Any]) -> None:
    answers = at_once(script, [(inputs, "storm")] * 50)
    assert [answer.status_code for answer in answers] == [201] * 50
    assert len({str(sorted(answer.json().items())) for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer for answer in answers) == 1
    assert Job.objects.count() == 1


def test_queued_job_is_cancelled(script: Script, inputs: dict[str, Any], alice: User) -> None:
    pk = script.post("jobs", inputs).json()["id"]
    cancelled = script.post(f"jobs/{pk}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert script.post(f"jobs/{pk}/cancel").status_code == 200
    assert cancelled.json()["money"] == "released"
    assert Activity.objects.get(act="job.cancelled").person == alice


def test_sent_job_is_not_cancelled(script: Script, team: Team, alice: User) -> None:
    job = factories.job(team, alice)
    verbs.begin_submitting(job, callback=False)
    refused(script.post(f"jobs/{job.pk}/cancel"), 409, "already-sent")
    assert Job.objects.get().state == State.SUBMITTING


def test_jobs_of_another_team_are_404(stranger: Script, team: Team, alice: User, inputs: dict[str, Any]) -> None:
    job = factories.job(team, alice)
    refused(stranger.get(f"jobs/{job.pk}"), 404, "not-found")
    refused(stranger.post(f"jobs/{job.pk}/cancel"), 404, "not-found")
    assert stranger.get("jobs").json() == {"items": [], "next": None}
    theirs = stranger.post("jobs", inputs)
    refused(theirs, 422, "invalid")
    assert set(theirs.json()["errors"]) == {"character", "motion"}
    refused(stranger.post("quote", {"motion": inputs["motion"]}), 422, "invalid")
    assert Job.objects.count() == 1


def test_pages_stay_steady_while_jobs_arrive(script: Script, team: Team, alice: User) -> None:
    character, motion = factories.character(team, alice), factories.motion(team, alice)
    made = [factories.job(team, alice, character=character, motion=motion).pk for _ in range(5)]
    seen: list[int] = []
    page = script.get("jobs", {"limit": 2, "state": "queued"}).json()
    while True:
        seen += [job["id"] for job in page["items"]]
        if not page["next"]:
            break
        # One that arrives meanwhile moves nothing.
        factories.job(team, alice, character=character, motion=motion)
        page = script.get(page["next"]).json()
    assert seen == made[::-1]
    assert script.get("jobs", {"state": "done"}).json()["items"] == []
    for query in ({"state": "nonsense"}, {"limit": 0}, {"limit": 101}, {"before": "x"}, {"before": 2**70}):
        refused(script.get("jobs", query), 422, "invalid")


@pytest.mark.parametrize("path", ["jobs/99999999999999999999999", "jobs/0", "nothing", "jobs/1/none", "jobs/x"])
def test_unknown_address_is_a_problem(path: str, script: Script) -> None:
    refused(script.get(path), 404, "not-found")


def test_making_a_job_calls_no_provider(script: Script, inputs: dict[str, Any]) -> None:
    """A quote and a job are rows; only links are looked at."""
    script.post("jobs", inputs)
    assert Source.objects.count() == 2
    assert Job.objects.get().submissions.count() == 0


@pytest.mark.django_db(transaction=True)
def test_cap_lets_three_of_twenty_at_once_through(
    script: Script, inputs: dict[str, Any], team: Team, settings: Settings
) -> None:
    """Room for three of twenty at once, each with a key of its own."""
    settings.PROVIDER, settings.WANSTUDIO_URL = "apixo", "https://studio.example.com"
    Team.objects.filter(pk=team.pk).update(monthly_cap=Decimal("3.50"))
    answers = at_once(script, [(inputs, str(number)) for number in range(20)])
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [402] * 17
    refused(next(answer for answer in answers if answer.status_code == 402), 402, "over-cap")
    assert Job.objects.count() == ApiPost.objects.count() == 3
    told = script.post("quote", {"motion": inputs["motion"], "resolution": "720p"}).json()
    assert "over the team’s $3.50 this month" in told["warnings"][-1]
