"""Who uses the studio: people, teams, and who is in which."""

from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from wanstudio import roles

COLOURS = 6


class AlreadySetUp(Exception):
    """The studio has its owner; setting it up happens once."""


class People(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A person who signs in with `email` (kept in lower case)."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())

    def found_studio(self, *, team: str, name: str, email: str, password: str) -> "User":
        """The first person, owner of the first team. Two at once make one: the second gets `AlreadySetUp`.

        `is_first` is true or null and unique, so that the database itself refuses a second founding.
        """
        try:
            with transaction.atomic():
                if self.exists():
                    raise AlreadySetUp
                founded = Team.objects.create(name=team, is_first=True)
                owner = self.create_superuser(email, password, name=name)
                Membership.objects.create(team=founded, user=owner, role=Membership.Role.OWNER)
                return owner
        except IntegrityError:
            raise AlreadySetUp from None


class User(AbstractBaseUser, PermissionsMixin):
    """A person. The e-mail address is the login."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=100)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)
    last_team = models.ForeignKey(
        "Team", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", help_text="Looked at last."
    )

    objects: ClassVar[People] = People()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def initial(self) -> str:
        """One letter for the avatar."""
        return str(self)[:1].upper()

    @property
    def colour(self) -> str:
        """The avatar's class, `c1` to `c6`: the same for a person everywhere."""
        return f"c{(self.pk or 0) % COLOURS + 1}"


class Team(models.Model):
    """Who shares sources, jobs, videos and a budget. Every other row belongs to one."""

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

    @property
    def zone(self) -> ZoneInfo:
        """Where its days and months begin; UTC if this machine does not know `time_zone` (any more)."""
        try:
            return ZoneInfo(self.time_zone)
        except (KeyError, ValueError, OSError):
            return ZoneInfo("UTC")


class Membership(models.Model):
    class Role(models.TextChoices):
        OWNER = roles.Role.OWNER.value, "Owner"
        ADMIN = roles.Role.ADMIN.value, "Admin"
        CREATOR = roles.Role.CREATOR.value, "Creator"
        VIEWER = roles.Role.VIEWER.value, "Viewer"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.CREATOR)
    joined_at = models.DateTimeField(default=timezone.now)
    monthly_cap = models.DecimalField(
        null=True, blank=True, max_digits=8, decimal_places=2, help_text="Dollars a month that stop; empty: no cap."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="one_membership_a_team")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"
