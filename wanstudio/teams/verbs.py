"""Who is what in a team, and how that changes. A team always keeps an owner, however many change it at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.teams.models import AlreadySetUp, FormerMember, Invitation, Membership, Team
from wanstudio.teams.roles import Act, Role, may


class LastOwner(Exception):
    """It would leave the team without an owner. Nothing was written."""


def change_role(membership: Membership, role: str, *, by: User | None = None) -> None:
    """Another role in the same team. What they had invited others to goes with the right to invite."""
    with _owned_after(membership.team_id):
        Membership.objects.filter(pk=membership.pk).update(role=role)
        if not may(role, Act.INVITE):
            _take_back(membership)
        _note("member.role", membership, by, f"{membership.user} is {Membership.Role(role).label.lower()}")


def remove(membership: Membership, *, by: User | None = None) -> None:
    """Out of the team at the next request, with their open invitations; what they made stays, and so does their cap."""
    with _owned_after(membership.team_id):
        FormerMember.keep_cap(membership)
        Membership.objects.filter(pk=membership.pk).delete()
        _take_back(membership)
        if by == membership.user:
            _note("member.left", membership, by, "")
        else:
            _note("member.removed", membership, by, str(membership.user))


def hand_over(old: Membership, new: Membership) -> None:
    """`new` becomes owner and `old` admin, both or neither."""
    with _owned_after(old.team_id):
        Membership.objects.filter(pk=old.pk).update(role=Role.ADMIN.value)
        if not Membership.objects.filter(pk=new.pk, team_id=old.team_id).update(role=Role.OWNER.value):
            raise LastOwner("they have left")
        _note("member.transferred", old, old.user, str(new.user))


def found_studio(*, team: str, name: str, email: str, password: str) -> User:
    """The first person, owner of the first team. Two at once make one: the second gets `AlreadySetUp`.

    `is_first` is true or null and unique, so that the database itself refuses a second founding.
    """
    try:
        with transaction.atomic():
            if User.objects.exists():
                raise AlreadySetUp
            founded = Team.objects.create(name=team, is_first=True)
            owner = User.objects.create_superuser(email, password, name=name)
            Membership.objects.create(team=founded, user=owner, role=Membership.Role.OWNER)
            return owner
    except IntegrityError:
        raise AlreadySetUp from None


def found_team(name: str, owner: User) -> Team:
    """One more team, with its owner."""
    with transaction.atomic():
        team = Team.objects.create(name=name)
        Membership.objects.create(team=team, user=owner, role=Role.OWNER.value)
        record(team=team, person=owner, act="team.made", about=name, on=team)
        return team


def _note(act: str, membership: Membership, by: User | None, about: str) -> None:
    record(team=membership.team_id, person=by, act=act, about=about, on=membership if about else None)


@contextmanager
def _owned_after(team_id: int) -> Iterator[None]:
    """One change of a team's people at a time, undone if nobody would own the team after it.

    The lock is the team's row; on SQLite the transaction itself is one (it begins IMMEDIATE).
    """
    with transaction.atomic():
        Team.objects.select_for_update().get(pk=team_id)
        yield
        owners = Membership.objects.filter(team_id=team_id, role=Role.OWNER.value, user__is_active=True)
        if not owners.exists():
            raise LastOwner


def _take_back(membership: Membership) -> None:
    theirs = Invitation.objects.filter(team_id=membership.team_id, invited_by_id=membership.user_id)
    theirs.filter(accepted_at=None, revoked_at=None).update(revoked_at=Now())
