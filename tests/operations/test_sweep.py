"""The hourly sweep: what nobody needs goes, and never anything that a row names."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Model
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import factories
from tests.page_rows import moved
from wanstudio.accounts.models import User
from wanstudio.activity.models import Activity
from wanstudio.api.authentication import create_token
from wanstudio.api.models import REMEMBERED_DAYS, ApiPost
from wanstudio.jobs.models import Attempt, Job, State, Transition
from wanstudio.money.models import BalanceReading, Entry
from wanstudio.operations.pruning import BATCH, prune
from wanstudio.operations.sweep import sweep_orphans
from wanstudio.provider.providers import PROVIDERS
from wanstudio.teams.models import Membership, Team
from wanstudio.uploads import verbs as source_verbs
from wanstudio.work.advance import advance, due
from wanstudio.work.mails import Mail
from wanstudio.work.models import Chore

DAY_S = 24 * 60 * 60


def stored(name: str, age_s: float) -> Path:
    path = Path(settings.DATA_DIR) / "media" / "sources" / "sweep" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"something")
    os.utime(path, (time.time() - age_s, time.time() - age_s))
    return path


@pytest.fixture
def chore(transactional_db: None) -> Chore:
    Chore.enrol(Chore.SWEEP)
    return Chore.objects.get()


def test_only_old_files_without_a_row_are_deleted(chore: Chore, team: Team, alice: User) -> None:
    orphan, young = stored("orphan.mp4", DAY_S + 60), stored("young.mp4", DAY_S - 3600)
    kept = [factories.character(team, alice), factories.motion(team, alice)]
    source_verbs.discard(kept[0])
    for source in kept:
        os.utime(source.file.path, (0, 0))
    assert advance(Chore, chore.pk)
    assert (orphan.exists(), young.exists()) == (False, True)
    assert [source.file.storage.exists(str(source.file.name)) for source in kept] == [True, True]


def test_each_hour_looks_at_its_share_of_the_files(chore: Chore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of a million files do not fit into memory, and a worker that reads them each hour is not idle."""
    orphans = [stored(f"{number}.mp4", DAY_S + 60) for number in range(40)]
    left, now = [len(orphans)], time.time()
    for hour in range(4):
        monkeypatch.setattr(time, "time", lambda hour=hour: now + hour * 3600)
        sweep_orphans(shares=4)
        left.append(sum(orphan.exists() for orphan in orphans))
    assert (left[-1], len(set(left))) == (0, 5), "each hour a part"


def test_expired_sessions_are_deleted(chore: Chore) -> None:
    for key, left in (("gone", -1), ("here", 1)):
        Session.objects.create(session_key=key, session_data="", expire_date=timezone.now() + timedelta(hours=left))
    advance(Chore, chore.pk)
    assert list(Session.objects.values_list("session_key", flat=True)) == ["here"]


def test_sweep_runs_hourly_on_one_machine(chore: Chore) -> None:
    Chore.enrol(Chore.SWEEP)
    assert due(Chore) == [chore.pk]
    assert advance(Chore, chore.pk)
    assert not advance(Chore, chore.pk), "somebody has just done it"
    assert Chore.objects.filter(due_at__gt=Now() + timedelta(minutes=59)).exists()


def aged(row: Model, since: str, days: float) -> Model:
    type(row)._default_manager.filter(pk=row.pk).update(**{since: timezone.now() - timedelta(days=days)})
    return row


def test_old_mails_keys_and_readings_are_deleted_and_young_or_open_ones_stay(
    chore: Chore, team: Team, alice: User
) -> None:
    token = create_token(Membership.objects.get(user=alice), "script", "make").token
    ended, going = moved(factories.job(team, alice), State.DONE), factories.job(team, alice)
    sent = {"to": "a@b.example", "subject": "S", "gave_up_at": timezone.now()}
    old = [
        aged(Mail.objects.create(**sent), "created_at", 31),
        aged(ApiPost.objects.create(token=token, key="1", body="", job=ended), "created_at", REMEMBERED_DAYS + 1),
        aged(BalanceReading.objects.create(provider="apixo", moment="told"), "at", 366),
    ]
    kept = [
        aged(Mail.objects.create(**sent), "created_at", 29),
        aged(Mail.objects.create(to="a@b.example", subject="Due"), "created_at", 31),
        aged(ApiPost.objects.create(token=token, key="2", body="", job=ended), "created_at", REMEMBERED_DAYS - 1),
        aged(ApiPost.objects.create(token=token, key="3", body="", job=going), "created_at", REMEMBERED_DAYS + 1),
        aged(BalanceReading.objects.create(provider="apixo", moment="sent", job=ended), "at", 366),
    ]
    before = {model: model._default_manager.count() for model in (Job, Attempt, Transition, Entry, Activity)}
    assert advance(Chore, chore.pk)
    exist = [[type(row)._default_manager.filter(pk=row.pk).exists() for row in rows] for rows in (old, kept)]
    assert exist == [[False] * len(old), [True] * len(kept)]
    assert before == {model: model._default_manager.count() for model in before}


def test_pruning_reads_the_old_rows_and_one_batch(chore: Chore) -> None:
    """A million young rows cost one batch an hour, whatever indexes there are."""
    old, young = timezone.now() - timedelta(days=31), timezone.now()
    mails = [Mail(to="a@b.example", subject="S", sent_at=young, created_at=old) for _ in range(BATCH + 1)]
    mails += [Mail(to="a@b.example", subject="S", sent_at=young, created_at=young) for _ in range(2 * BATCH)]
    Mail.objects.bulk_create(mails)
    with CaptureQueriesContext(connection) as made:
        prune()
    assert Mail.objects.count() == 2 * BATCH
    read = [query["sql"] for query in made if "created_at" in query["sql"] and f"LIMIT {BATCH}" in query["sql"]]
    assert len([sql for sql in read if "wanstudio_mail" in sql]) == 2


def test_pruning_passes_over_readings_that_are_kept_for_good(chore: Chore) -> None:
    """Two of each job are: to walk through them all each hour kept the jobs waiting."""
    old = timezone.now() - timedelta(days=366)
    kept = [BalanceReading(provider="apixo", moment="sent", at=old) for _ in range(2 * BATCH)]
    BalanceReading.objects.bulk_create([*kept, BalanceReading(provider="apixo", moment="told", at=old)])
    with CaptureQueriesContext(connection) as made:
        prune()
    assert set(BalanceReading.objects.values_list("moment", flat=True)) == {"sent"}
    read = [query["sql"] for query in made if "balancenote" in query["sql"] and query["sql"].startswith("SELECT")]
    assert len(read) == len(PROVIDERS), "one batch of each provider"


def test_browser_whose_session_is_gone_is_no_longer_listed(chore: Chore, alice: User) -> None:
    Session.objects.create(session_key="here", session_data="", expire_date=timezone.now() + timedelta(hours=1))
    for key in ("here", "gone"):
        made = UserSession.objects.create(user=alice, session_key=key, ip="127.0.0.1", user_agent="")
        aged(made, "created_at", 2)
    advance(Chore, chore.pk)
    assert list(UserSession.objects.values_list("session_key", flat=True)) == ["here"]
