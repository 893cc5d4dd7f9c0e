"""Spend requests: videos over a cap, kept with their whole order until someone decides."""

from datetime import timedelta
from typing import ClassVar
from uuid import uuid4

from django.core import signing
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.jobs.models import Job
from wanstudio.teams.models import Membership, Team
from wanstudio.teams.roles import Act, roles_with
from wanstudio.uploads.crops import Cropped
from wanstudio.uploads.models import Source
from wanstudio.uploads.trims import Trimmed

LASTS = timedelta(days=7)
# Of the link in a mail.
SALT = "spend request"


class SpendRequests(models.Manager["SpendRequest"]):
    def open(self) -> models.QuerySet["SpendRequest"]:
        return self.filter(state=SpendRequest.State.ASKED, expires_at__gt=Now())


class SpendRequest(Trimmed, Cropped):
    """Who asks for which video at which price. It becomes one job at most: that of its own nonce."""

    class State(models.TextChoices):
        ASKED = "asked", "Waiting"
        GRANTED = "granted", "Granted"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="spend_requests")
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="spend_requests")
    nonce = models.UUIDField(default=uuid4, unique=True, help_text="The form's, and that of the job it becomes.")
    provider = models.CharField(max_length=20)
    character = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="+")
    motion = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="+")
    behaviour = models.CharField(max_length=10, choices=Job.Behaviour.choices)
    resolution = models.CharField(max_length=10)
    prompt = models.TextField(blank=True)
    seed = models.BigIntegerField()
    seed_generated = models.BooleanField(default=False)
    price = models.DecimalField(max_digits=8, decimal_places=2, help_text="As it was when they asked.")
    note = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ASKED)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    word = models.CharField(max_length=300, blank=True, help_text="What who declined it had to say.")
    job = models.OneToOneField(Job, null=True, on_delete=models.SET_NULL, related_name="spend_request")

    objects: ClassVar[SpendRequests] = SpendRequests()

    class Meta:
        indexes = [models.Index(fields=["team", "-id"], name="spend_request_newest")]

    def __str__(self) -> str:
        return f"spend request {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.ASKED and self.expires_at > timezone.now()

    @property
    def title(self) -> str:
        return f"{self.character.name} and {self.motion.name}"

    def token_for(self, approver: User) -> str:
        return signing.dumps([self.pk, approver.pk], salt=SALT)

    def approvers(self) -> models.QuerySet[User]:
        """Who can decide: those who can grant, and no one about their own, but an owner."""
        may_grant = Membership.objects.filter(team=self.team, role__in=roles_with(Act.GRANT), user__is_active=True)
        others = may_grant.exclude(models.Q(user=self.person) & ~models.Q(role=Membership.Role.OWNER))
        return User.objects.filter(pk__in=others.values("user")).order_by("pk")
