"""Hints to the broker: sent after the commit, never waited for, and forgotten when they cannot be sent."""

import threading
from collections.abc import Iterator

import pytest
from django.db import transaction

from tests import factories
from wanstudio.accounts.models import User
from wanstudio.jobs import verbs
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.keys import verbs as key_verbs
from wanstudio.keys.models import ProviderKey
from wanstudio.teams.models import Team
from wanstudio.work import broker_hints
from wanstudio.work.broker_hints import Hints
from wanstudio.work.leases import woken

Sent = list[tuple[str, int]]


@pytest.fixture
def heard() -> Iterator[Sent]:
    """Which rows called that they may be ready."""
    found: Sent = []

    def listen(sender: type, pk: int, **kwargs: object) -> None:
        found.append((sender.__name__, pk))

    woken.connect(listen)
    yield found
    woken.disconnect(listen)


@pytest.mark.django_db(transaction=True)
def test_ready_row_is_announced_after_the_commit(team: Team, alice: User, heard: Sent) -> None:
    with transaction.atomic():
        job = factories.job(team, alice)
        assert not heard
    assert heard == [("Job", job.pk)]
    job.nudge()
    key = ProviderKey.at("sandbox")
    key_verbs.ask_balance(key)
    assert heard[1:] == [("Job", job.pk), ("ProviderKey", key.pk)]
    Job.objects.filter(pk=job.pk).update(state=State.UNCERTAIN)
    again = Job.objects.get()
    verbs.send_again(again, seen=again.version)
    assert heard[3:] == [("Job", job.pk)]


@pytest.mark.django_db(transaction=True)
def test_rolled_back_row_is_not_announced(team: Team, alice: User, heard: Sent) -> None:
    with transaction.atomic():
        factories.job(team, alice)
        transaction.set_rollback(True)
    assert not Job.objects.exists()
    assert not heard


def test_ready_rows_are_handed_over_once_connected() -> None:
    sent, arrived = [], threading.Event()

    def take(name: str, pk: int) -> None:
        sent.append(name)
        arrived.set()

    assert not [receiver for receiver in woken.receivers if receiver[0][0] == "hints"], (
        "without a broker nobody listens"
    )
    broker_hints.connect(take)
    try:
        woken.send(Job, pk=1)
        assert arrived.wait(60)
    finally:
        woken.disconnect(dispatch_uid="hints")
    assert sent == ["Job"]


def test_hint_reaches_the_broker() -> None:
    sent, arrived = [], threading.Event()

    def take(name: str, pk: int) -> None:
        sent.append((name, pk))
        arrived.set()

    Hints(take).send(Job, 7)
    assert arrived.wait(60)
    assert sent == [("Job", 7)]


def test_refusing_broker_is_logged_once_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    calls, works, arrived = [], threading.Event(), threading.Event()

    def take(name: str, pk: int) -> None:
        calls.append(pk)
        if not works.is_set():
            raise ConnectionRefusedError("nobody there")
        arrived.set()

    hints = Hints(take)
    caplog.set_level("INFO")
    for pk in (1, 2, 3):
        hints.send(Job, pk)
    while len(calls) < 3:
        assert not arrived.wait(0.01)
    works.set()
    hints.send(Job, 4)
    assert arrived.wait(60)
    hints.send(Job, 5)
    while len(calls) < 5:
        arrived.wait(0.01)
    assert caplog.text.count("takes no hints") == 1
    assert "takes hints again" in caplog.text


def test_hanging_broker_blocks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    hang = threading.Event()
    monkeypatch.setattr(broker_hints, "MAX_WAITING", 10)

    def take(name: str, pk: int) -> None:
        hang.wait(30)

    hints = Hints(take)
    for pk in range(100):
        hints.send(Job, pk)
    hang.set()
