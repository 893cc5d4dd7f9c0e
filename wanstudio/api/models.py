"""API tokens, with which a script signs in, and the requests that made a job with them."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.teams.models import Membership


class ApiToken(models.Model):
    """It acts as one person in one team, and goes with the membership: at once and for good."""

    class Scope(models.TextChoices):
        READ = "read", "Read"
        MAKE = "make", "Read and make videos"

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=60)
    scope = models.CharField(max_length=10, choices=Scope.choices, default=Scope.READ)
    prefix = models.CharField(max_length=20, help_text="Its first characters, for its page.")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the whole token.")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    minute_at = models.DateTimeField(null=True, blank=True, help_text="When the minute began whose calls are counted.")
    minute_calls = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"token {self.prefix}…"

    @classmethod
    def living(cls) -> "models.QuerySet[ApiToken]":
        unexpired = models.Q(expires_at=None) | models.Q(expires_at__gt=Now())
        return cls.objects.filter(unexpired, revoked_at=None, membership__user__is_active=True)

    @property
    def is_over(self) -> bool:
        return self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= timezone.now())


# How long a key makes one job. After that it is deleted, and would make another, at its price. The guide says so.
REMEMBERED_DAYS = 180


class ApiPost(models.Model):
    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="posts")
    key = models.CharField(max_length=255)
    body = models.CharField(max_length=64, help_text="SHA-256 of what was asked.")
    job = models.ForeignKey("Job", null=True, on_delete=models.PROTECT, related_name="+")
    answer = models.JSONField(default=dict, encoder=DjangoJSONEncoder, help_text="As it was given the first time.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "key"], name="one_post_a_key")]

    def __str__(self) -> str:
        return f"key of job {self.job_id}"
