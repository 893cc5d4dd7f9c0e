"""People and teams: one founding, one spelling of an address, one face."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connection

from tests import factories
from wanstudio.accounts.models import User
from wanstudio.teams.models import Invitation, Membership, Team
from wanstudio.teams.verbs import AlreadySetUp, accept, found_studio, remove


def found(name: str = "Alice") -> User:
    return found_studio(team="Northlight", name=name, email=f" {name}@Example.com ", password=factories.PASSWORD)


@pytest.mark.django_db
def test_the_founder_owns_the_first_team() -> None:
    alice = found()
    membership = Membership.objects.get()
    assert (membership.user, membership.role, str(membership)) == (alice, Membership.Role.OWNER, "Alice in Northlight")
    assert (alice.email, alice.is_superuser) == ("alice@example.com", True)
    assert alice.check_password(factories.PASSWORD)
    with pytest.raises(AlreadySetUp):
        found("Bob")
    assert (User.objects.count(), Team.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_concurrent_setups_found_one_studio() -> None:
    start = Barrier(8)

    def race(number: int) -> bool:
        start.wait(60)
        try:
            found(f"Person{number}")
        except AlreadySetUp:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(race, range(8)))
    assert won.count(True) == 1
    assert User.objects.count() == Team.objects.count() == Membership.objects.count() == 1


@pytest.mark.django_db
def test_address_is_kept_in_lower_case() -> None:
    alice = factories.user("Alice")
    assert User.objects.get_by_natural_key(" ALICE@example.com") == alice


def test_avatar_has_an_initial_and_a_colour() -> None:
    assert (User(name="alice", email="a@b.c").initial, User(email="b@b.c").initial) == ("A", "B")
    assert (str(User(email="b@b.c")), User(pk=7).colour, User().colour) == ("b@b.c", "c2", "c1")


@pytest.mark.django_db
def test_cap_outlives_leaving_and_joining_again() -> None:
    alice = found()
    team = Team.objects.get()
    bob, carol = factories.user("Bob", team), factories.user("Carol", team)
    Membership.objects.filter(user=bob).update(monthly_cap=Decimal("5.00"))
    for person in (bob, carol):
        remove(Membership.objects.get(user=person), by=person)
    other = factories.team("Southlight")
    Membership.objects.create(team=other, user=alice, role=Membership.Role.OWNER)
    for person in (bob, carol):
        back = accept(Invitation.objects.create(team=team, role=Membership.Role.ADMIN, invited_by=alice), person)
        assert back.role == Membership.Role.ADMIN
        assert (
            accept(Invitation.objects.create(team=other, role="creator", invited_by=alice), person).monthly_cap is None
        )
    assert Membership.objects.get(team=team, user=bob).monthly_cap == 5
    assert Membership.objects.get(team=team, user=carol).monthly_cap is None
    # What was taken off meanwhile does not come back from the time before.
    Membership.objects.filter(team=team, user=bob).update(monthly_cap=None)
    remove(Membership.objects.get(team=team, user=bob), by=alice)
    assert accept(Invitation.objects.create(team=team, role="creator", invited_by=alice), bob).monthly_cap is None
