"""Changes of teams, memberships and invitations. A team always keeps an owner, however many change it at once."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.teams import words
from wanstudio.teams.models import FormerMember, Invitation, Membership, Team
from wanstudio.teams.opened import Opened, listings, opened_of
from wanstudio.teams.roles import Role, roles_to_invite
from wanstudio.web.addresses import address_of
from wanstudio.work.leases import Stale
from wanstudio.work.mails import post_mail


class AlreadySetUp(Exception):
    """The studio has its owner; setting it up happens once."""


class LastOwner(Exception):
    """It would leave the team without an owner. Nothing was written."""


def change_role(membership: Membership, role: str, *, by: User | None = None) -> None:
    """Another role in the same team. Invitations to what they can no longer invite to are revoked."""
    with _owned_after(membership.team_id):
        Membership.objects.filter(pk=membership.pk).update(role=role)
        _revoke_beyond(role, membership, by)
        _record("member.role", membership, by, f"{membership.user} is {Role(role).label.lower()}")


def remove(membership: Membership, *, by: User | None = None, keep: Collection[str] = ()) -> int:
    """Out of the team at the next request; what they made stays, and so does their cap.

    What they had opened to others is closed but for links named in `keep`; the answer is how many were.
    """
    with _owned_after(membership.team_id):
        opened = opened_of(membership)
        closed = close([one for one in opened if not (one.outlives and one.key in keep)], by)
        mine = Membership.objects.filter(pk=membership.pk)
        if (cap := mine.values_list("monthly_cap", flat=True).first()) is not None:
            # Leaving and joining again lifts no cap.
            kept = {"monthly_cap": cap, "left_at": timezone.now()}
            FormerMember.objects.update_or_create(team=membership.team, user=membership.user, defaults=kept)
        mine.delete()
        left = by == membership.user
        _record("member.left" if left else "member.removed", membership, by, "" if left else str(membership.user))
        return closed


def close(opened: list[Opened], by: User | None) -> int:
    """Closed all together or not at all, each with its line in the activity; how many there were."""
    with transaction.atomic():
        for one in opened:
            one.close(by)
    return len(opened)


def hand_over(old: Membership, new: Membership) -> None:
    """`new` becomes owner and `old` admin, both or neither."""
    with _owned_after(old.team_id):
        Membership.objects.filter(pk=old.pk).update(role=Role.ADMIN)
        _revoke_beyond(Role.ADMIN, old, old.user)
        if not Membership.objects.filter(pk=new.pk, team_id=old.team_id).update(role=Role.OWNER):
            raise LastOwner("they have left")
        _record("member.transferred", old, old.user, str(new.user))


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
            Membership.objects.create(team=founded, user=owner, role=Role.OWNER)
            return owner
    except IntegrityError:
        raise AlreadySetUp from None


def found_team(name: str, owner: User) -> Team:
    with transaction.atomic():
        team = Team.objects.create(name=name)
        Membership.objects.create(team=team, user=owner, role=Role.OWNER)
        record(team=team, person=owner, act="team.made", about=name, on=team)
        return team


def rename_team(team: Team, name: str, by: User) -> None:
    with transaction.atomic():
        Team.objects.filter(pk=team.pk).update(name=name)
        record("team.renamed", team=team, person=by, about=f"{team} → {name}")


def require_second_factor(team: Team, by: User, *, needed: bool) -> None:
    with transaction.atomic():
        Team.objects.filter(pk=team.pk).update(needs_second_factor=needed)
        about = "required for everyone" if needed else "optional"
        record("settings.second_factor", team=team, person=by, about=about)


def invite(team: Team, role: str, email: str, by: User) -> Invitation:
    """The row and its mail, both or neither. A newer invitation to the same address replaces the one before."""
    with transaction.atomic():
        if email:
            for old in Invitation.pending().filter(team=team, email=email):
                revoke(old)
        made = Invitation.objects.create(team=team, role=role, email=email, invited_by=by)
        _record_invitation("invitation.made", made, by)
        if email and settings.EMAIL_URL:
            url = address_of(reverse("invitations.show", args=[made.token]))
            subject, text = words.invitation_mail(made, url)
            made.mail = post_mail(team=team, to=email, subject=subject, text=text)
            made.save(update_fields=["mail"])
    return made


def accept(invitation: Invitation, who: User) -> Membership:
    """Into the team, once: of two people at the same moment one gets in, the other gets `Stale`.

    Who is in the team already stays what they are, and the invitation stays open. Who was in it before
    comes back under the cap that they had.
    """
    with transaction.atomic():
        if here := Membership.objects.filter(team_id=invitation.team_id, user=who).first():
            return here
        mine = Invitation.pending().filter(pk=invitation.pk)
        if not invitation.is_for(who) or not mine.update(accepted_at=Now(), accepted_by=who):
            raise Stale(f"{invitation} is no longer open")
        record("member.joined", team=invitation.team_id, person=who, about=f"as {invitation.role}")
        before = FormerMember.objects.filter(team=invitation.team_id, user=who)
        cap = before.values_list("monthly_cap", flat=True).first()
        before.delete()
        return Membership.objects.create(team_id=invitation.team_id, user=who, role=invitation.role, monthly_cap=cap)


def join(invitation: Invitation, name: str, email: str, password: str) -> User:
    """A new account and the membership, both or neither. `Stale` as above; `IntegrityError`: the address has one."""
    with transaction.atomic():
        who = User.objects.create_user(email, password, name=name)
        accept(invitation, who)
    return who


def revoke(invitation: Invitation, by: User | None = None) -> None:
    """Its link has ended. `by`: the person who took it back; None if a newer one takes its place."""
    with transaction.atomic():
        mine = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
        if mine.update(revoked_at=Now()) and by:
            _record_invitation("invitation.revoked", invitation, by)


def _record_invitation(act: str, invitation: Invitation, by: User) -> None:
    record(act, team=invitation.team_id, person=by, about=_invited(invitation), on=invitation)


def _invited(invitation: Invitation) -> str:
    return f"{invitation.email or 'anyone with the link'} as {invitation.role}"


def _record(act: str, membership: Membership, by: User | None, about: str) -> None:
    record(act, team=membership.team_id, person=by, about=about, on=membership if about else None)


@contextmanager
def _owned_after(team_id: int) -> Iterator[None]:
    """One change of a team's people at a time, undone if it would leave the team without an owner.

    The lock is the team's row; on SQLite the transaction itself is one (it begins IMMEDIATE).
    """
    with transaction.atomic():
        Team.objects.select_for_update().get(pk=team_id)
        yield
        owners = Membership.objects.filter(team_id=team_id, role=Role.OWNER, user__is_active=True)
        if not owners.exists():
            raise LastOwner


def _revoke_beyond(role: str, membership: Membership, by: User | None) -> None:
    """For good: a maker who becomes more again does not open them again."""
    theirs = Invitation.objects.filter(team_id=membership.team_id, invited_by_id=membership.user_id)
    for invitation in theirs.filter(accepted_at=None, revoked_at=None).exclude(role__in=roles_to_invite(role)):
        revoke(invitation, by)


def _invitations(team: Team, people: Collection[int]) -> Iterator[Opened]:
    for invitation in Invitation.pending().filter(team=team, invited_by__in=people):
        title = words.INVITATION.format(to=_invited(invitation))
        made_at, close_it = invitation.created_at, partial(revoke, invitation)
        yield Opened(invitation.invited_by_id, f"invitation-{invitation.pk}", title, made_at, close_it)


listings.append(_invitations)
