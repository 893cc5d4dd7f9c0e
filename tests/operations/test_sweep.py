"""The hourly sweep: what nobody needs goes, and never anything that a row names."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models.functions import Now
from django.utils import timezone

from tests import factories
from wanstudio.accounts.models import User
from wanstudio.teams.models import Team
from wanstudio.uploads import verbs as source_verbs
from wanstudio.work.advance import advance, due
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
    orphan, young = stored("orphan.mp4", DAY_S + 60), stored("young.mp4", DAY_S - 60)
    kept = [factories.character(team, alice), factories.motion(team, alice)]
    source_verbs.discard(kept[0])
    for source in kept:
        os.utime(source.file.path, (0, 0))
    assert advance(Chore, chore.pk)
    assert (orphan.exists(), young.exists()) == (False, True)
    assert [source.file.storage.exists(str(source.file.name)) for source in kept] == [True, True]


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
