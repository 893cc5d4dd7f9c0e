"""Keys that are set in the page: checked before use, remembered by what they sent, and never lost from sight."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models.functions import Now
from pytest_django import Settings

from tests.fake_apixo import FakeApixo, refusal
from tests.worker_fixtures import MakeJob
from tests.worker_steps import step
from wanstudio.accounts.models import User
from wanstudio.encryption import encrypted_fields
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.jobs.steps.polling import KEY_GONE
from wanstudio.keys import in_force as keyring
from wanstudio.keys import intervals as waits
from wanstudio.keys.models.balance_readings import BalanceNote
from wanstudio.keys.models.key_in_page import StoredKey, forget_unneeded
from wanstudio.keys.models.provider_key import ProviderKey
from wanstudio.keys.provider_calls import connect
from wanstudio.money.reconciliation import drift
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
    waits._min_pace, waits._checked_at = 0.0, float("-inf")


def offer(secret: str, person: User) -> StoredKey:
    return StoredKey.offer("apixo", secret, person)


def check(offered: StoredKey) -> StoredKey:
    """The worker's step for it."""
    StoredKey.objects.filter(pk=offered.pk).update(due_at=Now())
    assert advance(StoredKey, offered.pk)
    return StoredKey.objects.get(pk=offered.pk)


def use(secret: str, person: User) -> StoredKey:
    done = check(offer(secret, person))
    assert done.state == "active", done.problem
    return done


def asked(apixo: FakeApixo) -> list[str]:
    """The keys that asked where a task is."""
    return [line.removeprefix("Bearer ") for line in apixo.asked_by]


def bearer(apixo: FakeApixo) -> list[str]:
    return [post.authorization.removeprefix("Bearer ") for post in apixo.posts]


def test_a_key_is_in_force_once_it_has_told_its_balance(page: FakeApixo, alice: User) -> None:
    offered = offer(FIRST, alice)
    assert (keyring.provider_in_use(), keyring.key_at("apixo").secret) == ("sandbox", "")
    done = check(offered)
    assert (done.state, done.ending, done.due_at) == ("active", "1111", None)
    assert (keyring.provider_in_use(), keyring.key_at("apixo").secret) == ("apixo", FIRST)
    assert ProviderKey.at("apixo").balance == Decimal("74.87")
    assert FIRST not in str(StoredKey.objects.values().get())


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_changes_nothing(status: int, page: FakeApixo, alice: User) -> None:
    use(FIRST, alice)
    page.on_balance(refusal(status, f"no {SECOND}"))
    refused = check(offer(SECOND, alice))
    assert (refused.state, refused.secret, refused.problem) == ("refused", "", "APIXO refuses this key.")
    assert keyring.key_at("apixo").secret == FIRST
    assert not ProviderKey.at("apixo").blocks_sending


def test_a_provider_that_is_away_is_asked_again(page: FakeApixo, alice: User) -> None:
    page.on_balance(refusal(503))
    offered = check(offer(FIRST, alice))
    assert (offered.state, keyring.provider_in_use()) == ("checking", "sandbox")
    assert offered.problem
    assert offered.due_at
    assert check(offered).state == "active"


def test_one_that_was_taken_back_is_not_put_in_force(page: FakeApixo, alice: User) -> None:
    offered = offer(FIRST, alice)
    mine = StoredKey.claim(offered.pk)
    assert mine
    StoredKey.drop_offers("apixo")
    with pytest.raises(Stale):
        mine.accept(Decimal(1), timedelta(0))
    assert keyring.provider_in_use() == "sandbox"


def test_the_environment_wins(page: FakeApixo, alice: User, settings: Settings) -> None:
    use(FIRST, alice)
    settings.PROVIDERS = settings.PROVIDERS | {"apixo": (page.url, SECOND)}
    assert keyring.key_at("apixo").secret == SECOND


def test_a_job_is_followed_with_the_key_that_sent_it(page: FakeApixo, make_job: MakeJob, alice: User) -> None:
    use(FIRST, alice)
    old = step(make_job())
    use(SECOND, alice)
    new = step(make_job())
    assert bearer(page) == [FIRST, SECOND]
    assert [attempt.key_mark for attempt in Attempt.objects.order_by("pk")] == [
        StoredKey.objects.get(ending=ending).mark for ending in ("1111", "2222")
    ]
    for job in (old, new):
        step(job)
    assert asked(page) == [FIRST, SECOND]


def test_the_old_key_is_kept_only_while_its_tasks_need_it(page: FakeApixo, make_job: MakeJob, alice: User) -> None:
    use(FIRST, alice)
    job = step(make_job())
    use(SECOND, alice)
    forget_unneeded()
    assert StoredKey.objects.get(ending="1111").secret
    page.fail(job.task_id, "NSFW")
    assert step(job).state == State.FAILED
    forget_unneeded()
    assert not StoredKey.objects.get(ending="1111").secret


def test_removed_while_a_video_is_made(page: FakeApixo, make_job: MakeJob, alice: User) -> None:
    """What was sent is followed, what waits is held, and the sandbox takes what comes."""
    use(FIRST, alice)
    sent, waiting = step(make_job()), make_job()
    StoredKey.take_away("apixo", alice)
    assert keyring.provider_in_use() == "sandbox"
    held = step(waiting)
    assert (held.state, held.problem[:24]) == ("queued", "The APIXO key was taken ")
    assert step(sent).state == State.RUNNING
    assert asked(page) == [FIRST]
    assert len(page.posts) == 1


def test_a_task_of_a_key_that_is_gone_is_not_given_up(page: FakeApixo, make_job: MakeJob, alice: User) -> None:
    """To another account it does not exist: that proves nothing, however long it says so."""
    use(FIRST, alice)
    job = step(make_job())
    use(SECOND, alice)
    StoredKey.objects.filter(ending="1111").update(secret="", state="retired")
    page.on_status(refusal(404), always=True)
    Job.objects.update(missing_since=None)
    for _ in range(3):
        job = step(job)
    assert (job.state, job.problem, job.missing_since) == (State.RUNNING, providers.named(KEY_GONE, "apixo"), None)
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


def test_what_was_held_against_the_old_key_is_over(page: FakeApixo, alice: User) -> None:
    use(FIRST, alice)
    key = ProviderKey.at("apixo")
    key.suspend(ProviderKey.Pause.UNAUTHORIZED, Decimal(0), timedelta(seconds=30))
    key.throttle(timedelta(seconds=60))
    key.stop()
    use(SECOND, alice)
    key = ProviderKey.at("apixo")
    assert (key.blocks_sending, ProviderKey.opens_at("apixo"), key.throttles) == (False, None, 0)
    assert key.stopped_at, "that was the owner's word"


def test_another_keys_balance_is_no_drift(page: FakeApixo, alice: User) -> None:
    use(FIRST, alice)
    page.balance = 3.5
    use(SECOND, alice)
    assert BalanceNote.objects.filter(moment="key").count() == 1
    assert drift("apixo") is None


def test_a_lost_encryption_key_is_said_and_sends_nothing(page: FakeApixo, make_job: MakeJob, alice: User) -> None:
    use(FIRST, alice)
    kept = encrypted_fields.key_file().read_text()
    encrypted_fields.key_file().unlink()
    try:
        assert (keyring.provider_in_use(), keyring.key_at("apixo").unreadable) == ("apixo", True)
        job = step(make_job())
        assert (job.state, len(page.posts)) == ("queued", 0)
        assert "entered again" in job.problem
    finally:
        encrypted_fields.key_file().write_text(kept)
    assert step(job).state == State.RUNNING


def test_rotation_loses_nothing(page: FakeApixo, make_job: MakeJob, alice: User, capsys: Any) -> None:
    use(FIRST, alice)
    before = StoredKey.objects.get().secret
    call_command("rotatekeys")
    assert "1 secrets are encrypted" in capsys.readouterr().out
    after = StoredKey.objects.get().secret
    assert before != after
    assert keyring.key_at("apixo").secret == FIRST
    # Killed after the new key was added: the next run goes on, and adds no other.
    encrypted_fields.add_key()
    many = len(encrypted_fields.keys())
    call_command("rotatekeys", "--drop-old")
    assert "went on from there" in capsys.readouterr().out
    assert (many, len(encrypted_fields.keys())) == (3, 1)
    assert keyring.key_at("apixo").secret == FIRST
    assert step(make_job()).state == State.RUNNING


def test_the_sandboxs_hurry_ends_with_a_key(page: FakeApixo, alice: User, settings: Settings) -> None:
    """Nobody is ever asked more often than allowed, whenever the key came."""
    settings.PACE = 0.03
    waits.pace()
    assert waits.paced(timedelta(seconds=100)) == timedelta(seconds=3)
    settings.PROVIDERS = settings.PROVIDERS | {"apixo": ("https://api.example.com/api/v1", "")}
    StoredKey.offer("apixo", FIRST, alice)
    waits._checked_at = float("-inf")
    waits.pace()
    assert waits.paced(timedelta(seconds=100)) == timedelta(seconds=100)


def test_nobody_asks_a_sandbox_that_has_ended(page: FakeApixo, alice: User) -> None:
    use(FIRST, alice)
    sandbox = ProviderKey.at("sandbox")
    sandbox.ask_balance_now()
    assert advance(ProviderKey, sandbox.pk)
    sandbox.refresh_from_db()
    assert (sandbox.due_at, sandbox.problem) == (None, "")
