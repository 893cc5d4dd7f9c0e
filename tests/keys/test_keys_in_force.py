"""Keys that are set in the page: checked before use, remembered by what they sent, and never lost from sight."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models.functions import Now
from pytest_django import Settings

from tests.fake_apixo import FakeApixo, Taking, envelope, refusal
from tests.provider.scripted import Move, answer
from tests.worker_fixtures import MakeJob
from tests.worker_steps import step
from wanstudio.accounts.models import User
from wanstudio.encryption import encrypted_fields
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.jobs.words import Sentence
from wanstudio.keys import in_force, intervals
from wanstudio.keys import verbs as key_verbs
from wanstudio.keys.models import ProviderKey, StudioKey
from wanstudio.keys.provider_calls import connect
from wanstudio.keys.verbs import forget_unneeded
from wanstudio.money.models import BalanceReading, Money
from wanstudio.money.reconciliation import reconcile
from wanstudio.provider import providers
from wanstudio.work.advance import advance
from wanstudio.work.leases import Stale

FIRST, SECOND = "sk-canary-first-1111", "sk-canary-second-2222"


@pytest.fixture
def page(apixo: FakeApixo, settings: Settings, tmp_path: Path) -> Iterator[FakeApixo]:
    """No key in the environment: those of the page count, at a provider that is on loopback."""
    settings.PROVIDER = "sandbox"
    settings.PROVIDERS = settings.PROVIDERS | {"apixo": (apixo.url, "")}
    settings.ENCRYPTION_KEYS = ()
    yield apixo
    intervals._checked_at = float("-inf")


def offer(secret: str, person: User) -> StudioKey:
    return key_verbs.offer("apixo", secret, person)


def check(offered: StudioKey) -> StudioKey:
    """The worker's step for it."""
    StudioKey.objects.filter(pk=offered.pk).update(due_at=Now())
    assert advance(StudioKey, offered.pk)
    return StudioKey.objects.get(pk=offered.pk)


def use(secret: str, person: User) -> StudioKey:
    done = check(offer(secret, person))
    assert done.state == "active", done.problem
    return done


def asked(apixo: FakeApixo) -> list[str]:
    """The keys that asked where a task is."""
    return [line.removeprefix("Bearer ") for line in apixo.asked_by]


def bearer(apixo: FakeApixo) -> list[str]:
    return [post.authorization.removeprefix("Bearer ") for post in apixo.posts]


def test_key_is_in_force_once_its_balance_is_read(page: FakeApixo, alice: User) -> None:
    offered = offer(FIRST, alice)
    assert (in_force.provider_in_use(), in_force.key_at("apixo").secret) == ("sandbox", "")
    done = check(offered)
    assert (done.state, done.ending, done.due_at) == ("active", "1111", None)
    assert (in_force.provider_in_use(), in_force.key_at("apixo").secret) == ("apixo", FIRST)
    assert ProviderKey.at("apixo").balance == Decimal("74.87")
    assert FIRST not in str(StudioKey.objects.values().get())


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_changes_nothing(status: int, page: FakeApixo, alice: User) -> None:
    use(FIRST, alice)
    page.on_balance(refusal(status, f"no {SECOND}"))
    refused = check(offer(SECOND, alice))
    assert (refused.state, refused.secret, refused.problem) == ("refused", "", "APIXO rejects this key.")
    assert in_force.key_at("apixo").secret == FIRST
    assert not ProviderKey.at("apixo").pause


def test_key_is_checked_again_while_the_provider_is_away(page: FakeApixo, alice: User) -> None:
    page.on_balance(refusal(503))
    offered = check(offer(FIRST, alice))
    assert (offered.state, in_force.provider_in_use()) == ("checking", "sandbox")
    assert offered.problem
    assert offered.due_at
    assert check(offered).state == "active"


def test_withdrawn_key_is_not_put_in_force(page: FakeApixo, alice: User) -> None:
    offered = offer(FIRST, alice)
    mine = StudioKey.claim(offered.pk)
    assert mine
    key_verbs.drop_offers("apixo")
    with pytest.raises(Stale):
        key_verbs.accept(mine, Decimal(1), timedelta(0))
    assert in_force.provider_in_use() == "sandbox"


def test_key_of_the_environment_wins(page: FakeApixo, alice: User, settings: Settings) -> None:
    use(FIRST, alice)
    settings.PROVIDERS = settings.PROVIDERS | {"apixo": (page.url, SECOND)}
    assert in_force.key_at("apixo").secret == SECOND


def test_a_job_is_followed_with_the_key_that_sent_it(page: FakeApixo, make_job: MakeJob, alice: User) -> None:
    use(FIRST, alice)
    old = step(make_job())
    use(SECOND, alice)
    new = step(make_job())
    assert bearer(page) == [FIRST, SECOND]
    assert [attempt.key_mark for attempt in Attempt.objects.order_by("pk")] == [
        StudioKey.objects.get(ending=ending).mark for ending in ("1111", "2222")
    ]
    for job in (old, new):
        step(job)
    assert asked(page) == [FIRST, SECOND]


def test_the_old_key_is_kept_only_while_its_tasks_need_it(page: FakeApixo, make_job: MakeJob, alice: User) -> None:
    use(FIRST, alice)
    job = step(make_job())
    use(SECOND, alice)
    forget_unneeded()
    assert StudioKey.objects.get(ending="1111").secret
    page.fail(job.task_id, "NSFW")
    assert step(job).state == State.FAILED
    forget_unneeded()
    assert not StudioKey.objects.get(ending="1111").secret


def test_removed_key_follows_its_task_and_sends_nothing(page: FakeApixo, make_job: MakeJob, alice: User) -> None:
    """What was sent is followed, what waits is held, and the sandbox takes what comes."""
    use(FIRST, alice)
    sent, waiting = step(make_job()), make_job()
    key_verbs.remove("apixo", alice)
    assert in_force.provider_in_use() == "sandbox"
    held = step(waiting)
    assert (held.state, held.problem[:24]) == ("queued", "The APIXO key was remove")
    assert step(sent).state == State.RUNNING
    assert asked(page) == [FIRST]
    assert len(page.posts) == 1


def test_a_task_of_a_key_that_is_gone_is_not_given_up(page: FakeApixo, make_job: MakeJob, alice: User) -> None:
    """To another account it does not exist: that proves nothing, however long it says so."""
    use(FIRST, alice)
    job = step(make_job())
    use(SECOND, alice)
    StudioKey.objects.filter(ending="1111").update(secret="", state="retired")
    page.on_status(refusal(404), always=True)
    Job.objects.update(missing_since=None)
    for _ in range(3):
        job = step(job)
    assert (job.state, job.problem, job.missing_since) == (State.RUNNING, Sentence.KEY_GONE.of("apixo"), None)
    page.behave()
    use(FIRST, alice)
    assert step(job).problem == ""


def test_a_refused_old_key_leaves_it_to_the_one_in_force(page: FakeApixo, make_job: MakeJob, alice: User) -> None:
    use(FIRST, alice)
    job = step(make_job())
    use(SECOND, alice)
    page.on_status(refusal(401))
    assert step(job).problem == ""
    assert asked(page) == [FIRST, SECOND]


def test_a_key_that_changes_at_the_last_moment_sends_nothing(
    page: FakeApixo, make_job: MakeJob, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(FIRST, alice)
    other = offer(SECOND, alice)

    def late(provider: str) -> Any:
        client = connect(provider)
        check(other)
        return client

    monkeypatch.setattr("wanstudio.jobs.steps.submission.connect", late)
    job = step(make_job())
    monkeypatch.undo()
    assert (job.state, len(page.posts), job.money) == ("queued", 0, "reserved")
    assert step(job).state == State.RUNNING
    assert bearer(page) == [SECOND]


def test_new_key_starts_without_the_pauses_of_the_old_one(page: FakeApixo, alice: User) -> None:
    use(FIRST, alice)
    key = ProviderKey.at("apixo")
    key_verbs.suspend(key, ProviderKey.Pause.UNAUTHORIZED, Decimal(0), timedelta(seconds=30))
    key_verbs.back_off(key, timedelta(seconds=60))
    key_verbs.stop(key)
    use(SECOND, alice)
    key = ProviderKey.at("apixo")
    assert (key.pause, ProviderKey.opens_at("apixo"), key.rate_limits) == ("", None, 0)
    assert key.stopped_at, "that was the owner's word"


def test_balance_of_another_key_starts_a_new_reconciliation(page: FakeApixo, alice: User) -> None:
    use(FIRST, alice)
    page.balance = 3.5
    use(SECOND, alice)
    assert BalanceReading.objects.filter(moment="key").count() == 1
    assert reconcile("apixo") is None


def test_a_lost_encryption_key_is_said_and_sends_nothing(page: FakeApixo, make_job: MakeJob, alice: User) -> None:
    use(FIRST, alice)
    kept = encrypted_fields.key_file().read_text()
    encrypted_fields.key_file().unlink()
    try:
        assert (in_force.provider_in_use(), in_force.key_at("apixo").unreadable) == ("apixo", True)
        job = step(make_job())
        assert (job.state, len(page.posts)) == ("queued", 0)
        assert "entered again" in job.problem
    finally:
        encrypted_fields.key_file().write_text(kept)
    assert step(job).state == State.RUNNING


def test_rotation_keeps_the_key_readable(page: FakeApixo, make_job: MakeJob, alice: User, capsys: Any) -> None:
    use(FIRST, alice)
    before, kept = StudioKey.objects.get().secret, len(encrypted_fields.keys())
    call_command("rotatekeys")
    assert "1 secrets are encrypted" in capsys.readouterr().out
    after = StudioKey.objects.get().secret
    assert before != after
    assert in_force.key_at("apixo").secret == FIRST
    # Killed after the new key was added: the next run goes on, and adds no other.
    encrypted_fields.add_key()
    many = len(encrypted_fields.keys())
    call_command("rotatekeys", "--drop-old")
    assert "continued it" in capsys.readouterr().out
    assert (many, len(encrypted_fields.keys())) == (kept + 2, 1)
    assert in_force.key_at("apixo").secret == FIRST
    assert step(make_job()).state == State.RUNNING


def test_pace_and_time_out_are_the_providers_not_the_environments(
    page: FakeApixo, alice: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without settings each provider has its own, also where both are on this machine, and whenever the key came."""
    settings.PACE = settings.PROVIDER_READ_TIMEOUT_S = None
    assert (intervals.pace("sandbox"), intervals.pace("apixo")) == (0.03, 1.0)
    monkeypatch.setattr(intervals, "_checked_at", float("-inf"))
    assert intervals.pace_of_hints() == 0.03
    use(FIRST, alice)
    monkeypatch.setattr(intervals, "_checked_at", float("-inf"))
    assert intervals.pace_of_hints() == 1.0
    accounts = {name: connect(name)._account for name in ("sandbox", "apixo")}  # type: ignore[attr-defined]
    assert {name: account.read_timeout_s for name, account in accounts.items()} == {"sandbox": 15, "apixo": 60}


def test_a_fast_pace_is_for_loopback_only(page: FakeApixo, settings: Settings) -> None:
    settings.PACE = 0.03
    assert intervals.pace("apixo") == 0.03
    settings.PROVIDERS = settings.PROVIDERS | {"apixo": ("https://api.example.com/api/v1", "")}
    assert (intervals.pace("apixo"), intervals.pace("sandbox")) == (1.0, 0.03)


def test_a_slow_answer_to_the_pages_key_is_an_answer(
    page: FakeApixo, alice: User, make_job: MakeJob, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The issue's 20 s are more than the sandbox's 15 s, and less than the provider's 60 s; here 1 s and 0.75 s."""
    settings.PROVIDER_READ_TIMEOUT_S = None
    for name, seconds in (("sandbox", 0.75), ("apixo", 60.0)):
        monkeypatch.setitem(providers.PROVIDERS, name, replace(providers.get(name), read_timeout_s=seconds))
    use(FIRST, alice)

    def late(task_id: str) -> Move:
        def move(line: socket.socket, over: threading.Event) -> None:
            over.wait(1.0)
            answer(200, envelope(data={"taskId": task_id}))(line, over)

        return move

    page.on_post(Taking(late))
    job = step(make_job())
    assert (job.state, job.money, len(page.posts)) == (State.RUNNING, Money.RESERVED, 1)


def test_unused_sandbox_is_not_asked_for_its_balance(page: FakeApixo, alice: User) -> None:
    use(FIRST, alice)
    sandbox = ProviderKey.at("sandbox")
    key_verbs.ask_balance(sandbox)
    assert advance(ProviderKey, sandbox.pk)
    sandbox.refresh_from_db()
    assert (sandbox.due_at, sandbox.problem) == (None, "")
