"""The poll that keeps pages true: one request for all jobs of a page, and an end."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import factories
from tests.e2e.studio import wait_until
from tests.page_rows import moved, result
from wanstudio.accounts.models import User
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.money.models import Money
from wanstudio.notifications.models import Kind, Notification
from wanstudio.notifications.verbs import Event, notify
from wanstudio.teams.models import Membership, Team
from wanstudio.work.models import Heartbeat

Queries = Callable[..., Any]


@pytest.fixture
def job(team: Team, alice: User) -> Job:
    return factories.job(team, alice, provider="apixo")


def page(client: Client, job: Job) -> str:
    return client.get(reverse("jobs.show", args=[job.pk])).content.decode()


def poll(client: Client, seen: str, kind: str = "rows") -> Any:
    return client.get(reverse("jobs.status"), {"as": kind, "seen": seen})


def test_nothing_new_is_204(job: Job, as_alice: Client) -> None:
    assert poll(as_alice, f"{job.pk}:{job.version}").status_code == 204
    assert poll(as_alice, "").status_code == 204


def test_numbers_too_large_to_be_one_are_nobodys(job: Job, as_alice: Client) -> None:
    assert poll(as_alice, f"{job.pk}:{'1' * 5000}").status_code == 204
    assert poll(as_alice, f"{'9' * 30}:1").status_code == 204
    assert as_alice.get(reverse("jobs.show", args=[2**63])).status_code == 404


@pytest.mark.parametrize("kind", ["rows", "job", "dock"])
def test_a_change_comes_out_of_band(kind: str, team: Team, alice: User, as_alice: Client) -> None:
    still, changed = factories.job(team, alice), factories.job(team, alice)
    seen = f"{still.pk}:{still.version},{changed.pk}:{changed.version}"
    after = moved(changed, State.RUNNING, started_at=timezone.now())

    html = poll(as_alice, seen, kind).content.decode()

    assert html.count('hx-swap-oob="morph"') == 1
    assert f'-{changed.pk}" hx-swap-oob="morph"' in html
    assert f"seen={still.pk}:{still.version},{after.pk}:{after.version}" in html


def test_what_does_not_stand_on_the_page_is_only_counted(team: Team, alice: User, as_alice: Client) -> None:
    """The studio shows two jobs and follows the rest, so that the counts beside them stay true."""
    jobs = [factories.job(team, alice) for _ in range(4)]
    page = as_alice.get("/").content.decode()
    assert [f'id="dock-job-{job.pk}"' in page for job in jobs] == [True, True, False, False]
    assert 'data-moving="4"' in page
    seen = ",".join(f"{job.pk}:{job.version}" for job in jobs)
    asked = {"as": "dock", "seen": seen, "shown": f"{jobs[0].pk},{jobs[1].pk}"}

    moved(jobs[3], State.DONE)
    html = as_alice.get(reverse("jobs.status"), asked).content.decode()
    assert "dock-job-" not in html
    assert 'data-moving="3"' in html
    assert f"shown={jobs[0].pk}%2C{jobs[1].pk}" in html

    moved(jobs[1], State.DONE)
    html = as_alice.get(reverse("jobs.status"), asked).content.decode()
    assert f'id="dock-job-{jobs[1].pk}" hx-swap-oob="morph"' in html
    assert f"dock-job-{jobs[3].pk}" not in html


def test_what_there_is_to_decide_comes_by_the_poll(job: Job, as_alice: Client) -> None:
    moved(job, State.UNCERTAIN, money=Money.UNKNOWN, ask_person=True)
    html = poll(as_alice, f"{job.pk}:{job.version}", "job").content.decode()
    assert f"Send again · ${job.price}" in html
    assert reverse("jobs.decide", args=[job.pk]) in html


def test_polling_ends_with_the_last_change(job: Job, as_alice: Client) -> None:
    moved(job, State.FAILED, failure="NSFW")
    html = poll(as_alice, f"{job.pk}:{job.version}", "job").content.decode()

    assert 'id="poller"' in html
    assert f'hx-get="{reverse("jobs.status")}' not in html
    assert f"<title>Failed: {job.title} · Wan Studio</title>" in html
    assert "favicon-failed" in html


def test_a_finished_page_never_asks(job: Job, as_alice: Client) -> None:
    assert 'hx-trigger="every 2s' in page(as_alice, job)
    moved(job, State.CANCELLED, money=Money.RELEASED)
    assert 'hx-trigger="every 2s' not in page(as_alice, job)


@pytest.mark.parametrize("kind", ["rows", "job", "dock"])
@pytest.mark.parametrize("state", [State.RUNNING, State.FAILED, State.UNCERTAIN, State.ARCHIVING, State.DONE])
def test_a_poll_costs_three_queries_for_any_number(
    kind: str,
    state: State,
    team: Team,
    alice: User,
    as_alice: Client,
    django_assert_max_num_queries: Queries,
) -> None:
    jobs = [factories.job(team, alice) for _ in range(12)]
    for job in jobs:
        done = {"video": result(job), "result_urls": ["a", "b"]} if state == State.DONE else {}
        moved(job, state, failure="NSFW", **done)
    poll(as_alice, "")  # a fresh process asks once whether there is a user yet
    with django_assert_max_num_queries(3):
        answer = poll(as_alice, ",".join(f"{job.pk}:{job.version}" for job in jobs), kind)
    assert answer.content.count(b'hx-swap-oob="morph"') == len(jobs)


@pytest.mark.parametrize("count", [1, 50])
def test_nothing_new_costs_two_queries_for_any_number(
    count: int, team: Team, alice: User, as_alice: Client, django_assert_max_num_queries: Queries
) -> None:
    jobs = [factories.job(team, alice) for _ in range(count)]
    Heartbeat.beat("here:1")
    unread = Notification.objects.for_person(alice).unread()
    bell = f"{unread.count()}-{max(unread.values_list('pk', flat=True), default=0)}"
    poll(as_alice, "")  # a fresh process asks once whether there is a user yet
    asked = {"as": "rows", "seen": ",".join(f"{job.pk}:1" for job in jobs), "worker": "1", "bell": bell, "every": "2"}
    with django_assert_max_num_queries(2):
        assert as_alice.get(reverse("jobs.status"), asked).status_code == 204


def test_who_is_removed_changes_the_password_or_is_locked_sees_nothing_at_the_next_poll(
    job: Job, team: Team, bob: User, alice: User
) -> None:
    seen = f"{job.pk}:{job.version}"
    takings: list[Callable[[], object]] = [
        lambda: Membership.objects.filter(user=bob).update(team=factories.team("Elsewhere")),
        lambda: Team.objects.update(needs_second_factor=True),
    ]
    for take_away in takings:
        client = signed_in(bob)
        assert poll(client, seen).status_code == 204
        take_away()
        html = poll(client, seen).content.decode()
        assert reverse("jobs.status") not in html
        assert job.title not in html
        Membership.objects.filter(user=bob).update(team=team)
        Team.objects.update(needs_second_factor=False)
    him = User.objects.filter(pk=bob.pk)
    locks: list[Callable[[], object]] = [
        lambda: him.update(is_active=False),
        lambda: him.update(password="another"),
        lambda: Session.objects.all().delete(),
    ]
    for lock_out in locks:
        him.update(is_active=True)
        client = signed_in(him.get())
        assert poll(client, seen).status_code == 204
        lock_out()
        assert poll(client, seen).status_code == 302


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_bell_comes_with_the_poll_and_asks_alone_once_the_jobs_have_ended(
    job: Job, team: Team, alice: User, as_alice: Client
) -> None:
    html = page(as_alice, job)
    assert "bell=0-0" in html
    assert reverse("notifications.bell") not in html
    asked = {"as": "job", "seen": f"{job.pk}:{job.version}", "bell": "0-0"}
    assert as_alice.get(reverse("jobs.status"), asked).status_code == 204

    notify([alice], Event(team, Kind.READY, "job 1 ready", "“Mira” is ready", path="/videos/"))
    newest = Notification.objects.get().pk
    html = as_alice.get(reverse("jobs.status"), asked).content.decode()
    assert f'id="bell" data-newest="{newest}" data-count="1" hx-swap-oob="true">' in html
    assert f"bell=1-{newest}" in html
    assert f'data-loud="{newest}"' in html

    moved(job, State.CANCELLED, money=Money.RELEASED)
    html = as_alice.get(reverse("jobs.status"), asked | {"bell": f"1-{newest}"}).content.decode()
    assert f"{reverse('notifications.bell')}?seen=1-{newest}" in html


def test_interval_follows_what_can_happen(job: Job, as_alice: Client) -> None:
    now = timezone.now()
    started = {"state": State.RUNNING, "started_at": now, "due_at": now}

    def every(**fields: Any) -> int:
        Job.objects.filter(pk=job.pk).update(**{**started, **fields})
        found = re.search(r'hx-trigger="every (\d+)s', page(as_alice, job))
        assert found
        return int(found[1])

    assert every(state=State.QUEUED) == 2
    # The worker asks at a known moment, and not before.
    assert every(due_at=now + timedelta(seconds=60)) == 10
    # As soon as a page comes within a second.
    wait_until(lambda: every(due_at=timezone.now() + timedelta(seconds=5)) in (5, 6), "its moment, to the second")
    assert every(due_at=now - timedelta(seconds=5)) == 2
    assert every(due_at=now + timedelta(seconds=60), nudged_at=now) == 2
    # A callback can come at any moment.
    assert every(callback=True, nudged_at=None, due_at=now + timedelta(seconds=60)) == 2


def test_page_is_told_of_another_interval_only_when_it_is_far_off(job: Job, as_alice: Client) -> None:
    Job.objects.filter(pk=job.pk).update(state=State.RUNNING, due_at=timezone.now() + timedelta(seconds=60))
    for every, status in (("10", 204), ("9", 204), ("2", 200), ("x", 204)):
        asked = {"as": "rows", "seen": f"{job.pk}:{job.version}", "every": every}
        answer = as_alice.get(reverse("jobs.status"), asked)
        assert answer.status_code == status
    assert 'hx-trigger="every 10s' in as_alice.get(reverse("jobs.status"), asked | {"every": "2"}).content.decode()


@pytest.mark.parametrize("seen", ["x", "1", "1:", ":1", "1:x", "9" * 30 + ":1", "-1:1", "1:1:1", "²:1"])
def test_nonsense_in_what_was_seen_is_no_error(seen: str, as_alice: Client) -> None:
    assert poll(as_alice, seen).status_code in (200, 204)


def test_an_unknown_fragment_is_404(job: Job, as_alice: Client) -> None:
    assert poll(as_alice, f"{job.pk}:1", "nothing").status_code == 404


def test_further_results_are_listed(job: Job, as_alice: Client) -> None:
    videos = [result(job, position) for position in (0, 1)]
    after = moved(job, State.DONE, video=videos[0], result_urls=["a", "b"], money=Money.SETTLED)

    html = page(as_alice, after)
    assert all(reverse("videos.show", args=[video.pk]) in html for video in videos)
    # The poll has no query left for them: its fragment lets the page ask.
    answer = poll(as_alice, f"{job.pk}:{job.version}", "job").content.decode()
    assert 'hx-select="#results"' in answer


def test_that_no_worker_lives_comes_and_goes_by_the_poll(as_alice: Client, team: Team, alice: User) -> None:
    job = factories.job(team, alice)
    address = f"/jobs/status/?as=rows&seen={job.pk}:{job.version}"
    assert "The worker is not running." in as_alice.get("/jobs/").content.decode()
    assert as_alice.get(f"{address}&worker=0").status_code == 204
    Heartbeat.beat("here:1")
    came_back = as_alice.get(f"{address}&worker=0").content.decode()
    assert re.search(r'<p id="worker"[^>]*hx-swap-oob="true"[^>]* hidden></p>', came_back)
    assert "worker=1" in came_back
    assert "The worker is not running." not in as_alice.get("/jobs/").content.decode()
    assert as_alice.get(f"{address}&worker=1").status_code == 204
    Heartbeat.end("here:1")
    gone = as_alice.get(f"{address}&worker=1").content.decode()
    assert "The worker is not running." in gone
    assert "Nothing is sent or charged until it is back." in gone
