"""The studio at a glance: all is well, or what needs somebody and what to do."""

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from tests import factories
from tests.page_rows import moved
from wanstudio.accounts.models import User
from wanstudio.jobs import verbs
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.keys import verbs as key_verbs
from wanstudio.keys.models import ProviderKey
from wanstudio.money.models import Money, cents
from wanstudio.teams.models import Team
from wanstudio.work.models import Heartbeat

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def worker(db: None) -> None:
    Heartbeat.beat("here:1")


@pytest.fixture(autouse=True)
def backed_up(settings: Settings) -> Iterator[Path]:
    """An hour ago."""
    last = Path(settings.DATA_DIR) / "last-backup.json"
    made_at = (timezone.now() - timedelta(hours=1)).isoformat()
    last.write_text(json.dumps({"made_at": made_at, "folder": "/backups/backup-1", "missing": 0}))
    yield last
    last.unlink(missing_ok=True)


def status(code: int) -> dict[str, Any]:
    out = StringIO()
    if code:
        with pytest.raises(SystemExit) as ended:
            call_command("status", "--json", stdout=out)
        assert ended.value.code == code
    else:
        call_command("status", "--json", stdout=out)
    told: dict[str, Any] = json.loads(out.getvalue())
    assert told["healthy"] == (not code)
    return told


def test_healthy_studio_needs_no_attention(team: Team, alice: User) -> None:
    factories.job(team, alice)
    told = status(0)
    assert told["attention"] == []
    assert told["jobs"]["queued"] == 1
    assert told["workers"][0]["name"] == "here:1"
    out = StringIO()
    call_command("status", stdout=out)
    assert "All is well." in out.getvalue()
    assert re.search(r"Workers +1 worker, last seen \d+ s ago\n", out.getvalue())


def test_money_is_the_ledger_without_the_sandbox(team: Team, alice: User) -> None:
    for provider, money in (("apixo", Money.SETTLED), ("apixo", Money.ASSUMED), ("sandbox", Money.SETTLED)):
        moved(factories.job(team, alice, provider=provider), State.DONE, money=money)
    money = status(0)["money"]
    assert (money["settled"], money["assumed"], money["reserved"]) == ("1.14", "1.14", "0.00")


def test_attempt_that_was_sent_again_is_listed_and_counted(team: Team, alice: User) -> None:
    job = moved(factories.job(team, alice, provider="apixo"), State.UNCERTAIN, money=Money.UNKNOWN)
    Attempt.objects.create(job=job, provider="apixo", outcome="unknown")
    verbs.send_again(job, seen=job.version, by=alice)
    told = status(1)
    assert (told["money"]["unknown"], told["money"]["reserved"]) == ("1.14", "1.14")
    assert told["undecided"] == [{"job": job.pk, "price": "1.14"}]
    assert told["attention"][0].startswith("$1.14 might have been charged for earlier attempts")


def test_lost_task_is_listed_and_counted(team: Team, alice: User) -> None:
    job = moved(factories.job(team, alice, provider="apixo"), State.FAILED, money=Money.UNKNOWN)
    told = status(1)
    assert told["money"]["unknown"] == "1.14"
    assert told["undecided"] == [{"job": job.pk, "price": "1.14"}]


def test_never_backed_up_needs_attention(team: Team, backed_up: Path) -> None:
    backed_up.unlink()
    told = status(1)
    assert told["last_backup"] is None
    assert told["attention"] == [
        "The studio was never backed up. Run “manage.py backup DIR”, preferably with DIR on another disk."
    ]


def test_missing_worker_needs_attention(team: Team) -> None:
    Heartbeat.objects.update(seen_at=Now() - timedelta(minutes=2))
    (line,) = status(1)["attention"]
    assert line.startswith("No worker is running")


def test_unconfirmed_jobs_are_listed_with_their_price(team: Team, alice: User) -> None:
    job = factories.job(team, alice, provider="apixo")
    Job.objects.filter(pk=job.pk).update(state=State.UNCERTAIN, ask_person=True, price=Decimal("2.50"), due_at=None)
    told = status(1)
    assert told["unconfirmed"] == [{"job": job.pk, "title": "Mira · walk", "price": "2.50", "asks": True}]
    assert told["attention"] == [
        f"1 unconfirmed, $2.50 might have been charged. Decide on the pages of the jobs: {job.pk}."
    ]


def test_unsaved_video_shows_the_hours_left(team: Team, alice: User) -> None:
    job = factories.job(team, alice, provider="apixo")
    made = Now() - timedelta(hours=4)
    Job.objects.filter(pk=job.pk).update(state=State.ARCHIVING, setbacks=3, result_at=made, price=Decimal("2.50"))
    told = status(1)
    assert told["unsaved"] == [{"job": job.pk, "price": "2.50", "hours_left": 20.0}]
    assert "was charged ($2.50) and cannot be saved; APIXO deletes it in 20.0 h." in told["attention"][0]


def test_paused_and_stopped_keys_say_why(team: Team, settings: Settings) -> None:
    settings.PROVIDER = "apixo"
    key = ProviderKey.at("apixo")
    ProviderKey.objects.update(pause=ProviderKey.Pause.NO_BALANCE, balance=Decimal("0.10"), balance_at=Now())
    key_verbs.stop(key, "It was restored.")
    told = status(1)
    assert told["key"]["balance"] == "0.1000"
    assert [line.split(".")[0] for line in told["attention"]] == [
        "The balance of the APIXO key is too low",
        "It was restored",
    ]


def test_overdue_work_needs_attention(team: Team, alice: User) -> None:
    job = factories.job(team, alice)
    Job.objects.update(due_at=Now() - timedelta(minutes=6))
    told = status(1)
    assert told["oldest_due"]["job"] == job.pk
    assert told["attention"][0].startswith(f"Job {job.pk} has been due for 6\xa0minutes")


def test_zero_dollars_have_no_sign() -> None:
    assert [f"{cents(amount):.2f}" for amount in (-1e-17, -0.0, Decimal("-0.001"), None)] == ["0.00"] * 4


def test_dead_workers_are_neither_listed_nor_kept(team: Team) -> None:
    Heartbeat.objects.create(name="dead:2", seen_at=timezone.now() - timedelta(minutes=6))
    Heartbeat.beat("here:1")
    assert [worker["name"] for worker in status(0)["workers"]] == ["here:1"]


def test_what_other_accounts_can_open_is_reported_with_the_command_that_closes_it(
    team: Team, settings: Settings, tmp_path: Path, backed_up: Path
) -> None:
    settings.DATA_DIR = tmp_path
    (tmp_path / backed_up.name).write_bytes(backed_up.read_bytes())
    tmp_path.chmod(0o700)
    (tmp_path / "secret.key").write_text("x")
    assert status(0)["attention"] == []
    (tmp_path / "secret.key").chmod(0o640)
    (line,) = status(1)["attention"]
    assert str(tmp_path / "secret.key") in line
    assert f"chmod -R go-rwx {tmp_path}" in line
    subprocess.run(["chmod", "-R", "go-rwx", str(tmp_path)], check=True)
    assert status(0)["attention"] == []


def test_unknown_name_of_a_setting_is_reported(team: Team, settings: Settings) -> None:
    settings.UNKNOWN_NAMES = ["WANSTUDIO_OF_LATER is no setting."]
    assert status(1)["attention"] == ["WANSTUDIO_OF_LATER is no setting."]
