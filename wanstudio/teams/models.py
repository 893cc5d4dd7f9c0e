"""Teams, memberships and invitations."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.core import signing
from django.db import models
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from wanstudio.accounts.models import User
from wanstudio.accounts.queries import factors
from wanstudio.teams.roles import Role, roles_to_invite
from wanstudio.web.lookups import number


class Team(models.Model):
    """People who share sources, jobs, videos and a budget. Every other row belongs to a team."""

    name = models.CharField(max_length=100)
    is_first = models.BooleanField(null=True, unique=True, editable=False)
    needs_second_factor = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    time_zone = models.CharField(max_length=64, default="UTC", help_text="Its months begin there.")
    monthly_cap = models.DecimalField(
        null=True, blank=True, max_digits=8, decimal_places=2, help_text="Dollars a month that stop; empty: no cap."
    )
    members = models.ManyToManyField(User, through="Membership", related_name="teams")

    def __str__(self) -> str:
        return self.name

    def lets_in(self, member: User) -> bool:
        """True unless it is closed to this member, who lacks a second factor."""
        return not self.needs_second_factor or factors(member).exists()

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which its days and months begin; UTC if this machine does not know `time_zone` (any more)."""
        try:
            return ZoneInfo(self.time_zone)
        except (KeyError, ValueError, OSError):
            return ZoneInfo("UTC")


class Membership(models.Model):
    Role = Role
    # Only on rows that `access.seats` reads.
    is_open: bool

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices[::-1], default=Role.CREATOR)
    joined_at = models.DateTimeField(default=timezone.now)
    monthly_cap = models.DecimalField(
        null=True, blank=True, max_digits=8, decimal_places=2, help_text="Dollars a month that stop; empty: no cap."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="one_membership_a_team")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"


class FormerMember(models.Model):
    """Leaving and joining again lifts no cap: it waits here, and the next membership takes it over."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    monthly_cap = models.DecimalField(max_digits=8, decimal_places=2, help_text="Dollars.")
    left_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="one_former_member_a_team")]

    def __str__(self) -> str:
        return f"{self.user}, once in {self.team}"


_SALT = "wanstudio.invitation"
LASTS = timedelta(days=7)


def _expiry() -> datetime:
    return timezone.now() + LASTS


class Invitation(models.Model):
    """`email` empty: anyone with the link can join. The link is derived, so that it can be copied again."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=10, choices=Role.choices[::-1])
    email = models.EmailField(blank=True)
    invited_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="invitations_made")
    mail = models.ForeignKey("Mail", null=True, on_delete=models.SET_NULL, related_name="invitations")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(default=_expiry)
    revoked_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="invitations_taken")

    def __str__(self) -> str:
        return f"invitation {self.pk}"

    @property
    def token(self) -> str:
        """The id and 256 bits of an HMAC of it: nothing is stored that would open the door."""
        return f"{self.pk}.{_mac(self.pk)}"

    @classmethod
    def pending(cls) -> "models.QuerySet[Invitation]":
        """Those that can be taken: their maker could still invite to their role at this moment."""
        maker = Membership.objects.filter(team=OuterRef("team"), user=OuterRef("invited_by"), user__is_active=True)
        may_invite = models.Q()
        for role in Role:
            may_invite |= models.Q(Exists(maker.filter(role=role)), role__in=roles_to_invite(role))
        return cls.objects.filter(may_invite, accepted_at=None, revoked_at=None, expires_at__gt=Now())

    @classmethod
    def by_token(cls, token: str) -> "Invitation | None":
        """The invitation that can still be taken, or None for any token that is not ours."""
        text, _, mac = token.partition(".")
        pk = number(text)
        if pk is None or not constant_time_compare(mac, _mac(pk)):
            return None
        return cls.pending().select_related("team", "invited_by").filter(pk=pk).first()

    def is_for(self, user: User) -> bool:
        return not self.email or self.email == user.email


def _mac(pk: int) -> str:
    return signing.b64_encode(salted_hmac(_SALT, str(pk), algorithm="sha256").digest()).decode()
