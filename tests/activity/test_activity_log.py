"""The activity: append-only, whoever asks."""

import pytest
from django.db import DatabaseError, connection, transaction

from tests import factories
from wanstudio.accounts.models import User
from wanstudio.activity.models import Activity
from wanstudio.activity.verbs import MAX_FAILURES_AN_HOUR, record, record_failure
from wanstudio.append_only import AppendOnly
from wanstudio.jobs import verbs
from wanstudio.teams.models import Invitation, Membership, Team
from wanstudio.teams.verbs import LastOwner, accept, change_role, hand_over, remove

pytestmark = pytest.mark.django_db


def test_making_and_cancelling_are_recorded(team: Team, bob: User) -> None:
    job = factories.job(team, bob)
    verbs.cancel(job, by=bob)
    rows = list(Activity.objects.values_list("act", "who", "about", "thing", "thing_id"))
    assert rows == [
        ("job.made", "Bob", "Mira · walk", "job", job.pk),
        ("job.cancelled", "Bob", "Mira · walk", "job", job.pk),
    ]


def test_model_refuses_every_change(team: Team, bob: User) -> None:
    record(team=team, person=bob, act="job.made", about="x")
    row = Activity.objects.get()
    row.who = "Alice"
    for change in (row.save, row.delete, Activity.objects.all().delete, lambda: Activity.objects.update(who="x")):
        with pytest.raises(AppendOnly):
            change()


@pytest.mark.parametrize("statement", ["UPDATE wanstudio_activity SET who = 'x'", "DELETE FROM wanstudio_activity"])
def test_database_refuses_every_change(team: Team, bob: User, statement: str) -> None:
    record(team=team, person=bob, act="job.made")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_activity_outlives_its_person(team: Team, bob: User) -> None:
    record(team=team, person=bob, act="signin")
    bob.delete()
    assert Activity.objects.get().who == "Bob"


def test_failed_sign_ins_from_one_address_are_limited(team: Team) -> None:
    for _ in range(MAX_FAILURES_AN_HOUR + 5):
        record_failure(None, "eve@example.com", "203.0.113.9")
    record_failure(None, "eve@example.com", "203.0.113.10")
    assert Activity.objects.count() == MAX_FAILURES_AN_HOUR + 1


def test_membership_changes_are_recorded(team: Team, alice: User, bob: User, charlie: User) -> None:
    bobs, alices = (Membership.objects.get(team=team, user=user) for user in (bob, alice))
    change_role(bobs, "admin", by=alice)
    hand_over(alices, bobs)
    alices.refresh_from_db()
    remove(alices, by=alice)
    invitation = Invitation.objects.create(team=team, role="viewer", invited_by=bob)
    accept(invitation, charlie)
    rows = list(Activity.objects.values_list("act", "who", "about"))
    assert rows == [
        ("member.role", "Alice", "Bob is admin"),
        ("member.transferred", "Alice", "Bob"),
        ("member.left", "Alice", ""),
        ("member.joined", "Charlie", "as viewer"),
    ]


def test_failed_act_is_not_recorded(team: Team, alice: User) -> None:
    with pytest.raises(LastOwner):
        remove(Membership.objects.get(team=team, user=alice), by=alice)
    assert not Activity.objects.exists()
