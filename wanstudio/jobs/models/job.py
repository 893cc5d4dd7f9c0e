"""A job: one video to be made, from the click to the archive."""

import statistics
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.states import ENDED, MOVING, State
from wanstudio.money import models as ledger
from wanstudio.money.models import Money
from wanstudio.teams.models import Team
from wanstudio.uploads.models import Source
from wanstudio.work.leases import Leased

MAX_SEED = 2**31 - 1
# How many past jobs tell how long the next one takes.
PAST = 50
# The provider deletes a result this long after it was made.
KEPT_BY_PROVIDER = timedelta(hours=24)


class Jobs(models.Manager["Job"]):
    def same_inputs(self, character: Source, motion: Source, behaviour: str) -> models.QuerySet["Job"]:
        """The team's jobs of this character and motion, by what they are: also from other uploads of the same files."""
        alike = self.filter(team=character.team_id, character__in=character.alike(), motion__in=motion.alike())
        return alike.filter(behaviour=behaviour)

    def unfinished(self) -> models.QuerySet["Job"]:
        return self.filter(state__in=MOVING)

    def reserved(self, provider: str) -> Decimal:
        """Dollars that jobs of all teams have reserved there: some of it may have left the balance already."""
        moving = self.filter(provider=provider, state__in=MOVING, money=Money.RESERVED)
        return ledger.cents(moving.aggregate(total=models.Sum("price"))["total"])

    def usual_time(self, provider: str, resolution: str, billed_seconds: Decimal) -> tuple[float, float, float] | None:
        """Seconds a job of this length usually takes at this resolution: (lower quartile, median, upper), or None."""
        past = self.filter(provider=provider, resolution=resolution, cost_ms__gt=0).order_by("-pk")
        rates = [
            (ms or 0) / 1000 / float(seconds) for ms, seconds in past.values_list("cost_ms", "billed_seconds")[:PAST]
        ]
        if not rates:
            return None
        low, middle, high = statistics.quantiles(rates, n=4, method="inclusive") if len(rates) > 1 else rates * 3
        length = float(billed_seconds)
        return low * length, middle * length, high * length


class Job(Leased):
    class Behaviour(models.TextChoices):
        ANIMATE = "animate", "Animate"
        REPLACE = "replace", "Replace"

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="jobs")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="jobs")
    provider = models.CharField(max_length=20)
    nonce = models.UUIDField(default=uuid4, unique=True, help_text="The form's: one form, one job.")
    title = models.CharField(max_length=200)

    lineage = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="later",
        help_text="The first job with this character, motion and behaviour, of which this one makes a new version.",
    )
    character = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="character_jobs")
    motion = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="motion_jobs")
    behaviour = models.CharField(max_length=10, choices=Behaviour.choices)
    resolution = models.CharField(max_length=10)
    prompt = models.TextField(blank=True)
    seed = models.BigIntegerField(help_text="As sent: -1 or 0 to 2147483647.")
    seed_drawn = models.BooleanField(default=False, help_text="Drawn by us, not chosen.")

    duration = models.FloatField(help_text="Seconds of the motion, as priced.")
    billed_seconds = models.DecimalField(max_digits=10, decimal_places=6)
    unit_price = models.DecimalField(max_digits=8, decimal_places=4)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    money = models.CharField(max_length=10, choices=Money.choices, default=Money.RESERVED)

    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    version = models.PositiveIntegerField(default=1, help_text="Counts what a page would show anew.")
    task_id = models.CharField(max_length=200, blank=True)
    callback = models.BooleanField(default=False, help_text="The running task was asked to call back.")
    place = models.PositiveIntegerField(null=True, help_text="In line, 1 is next; kept true by the worker.")
    retries = models.PositiveSmallIntegerField(default=0, help_text="Automatic ones since a person last pressed send.")
    polls = models.PositiveIntegerField(default=0)
    setbacks = models.PositiveIntegerField(default=0, help_text="Polls or downloads that went wrong in a row.")
    missing_since = models.DateTimeField(null=True, help_text="Since when the provider says it knows no such task.")
    ask_person = models.BooleanField(default=False, help_text="Unconfirmed, and only a person can decide.")
    failure = models.CharField(max_length=100, blank=True, help_text="The provider's code or our name for it.")
    failure_message = models.TextField(blank=True)
    trouble = models.CharField(max_length=300, blank=True, help_text="Why it waits or is slow, in a sentence.")
    alarmed_at = models.DateTimeField(null=True, help_text="Since when its owner has to know of the trouble.")
    result_urls = models.JSONField(default=list, blank=True)
    adopted_from = models.ForeignKey(
        "Attempt",
        null=True,
        on_delete=models.PROTECT,
        related_name="adopted",
        help_text="Another job's attempt, whose task this one follows. It never submits.",
    )
    cost_ms = models.BigIntegerField(null=True)
    expected_low_s = models.FloatField(null=True)
    expected_s = models.FloatField(null=True)
    expected_high_s = models.FloatField(null=True)

    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, help_text="The provider took it.")
    result_at = models.DateTimeField(null=True, help_text="The provider had the result; its copy lasts 24 h from here.")
    ended_at = models.DateTimeField(null=True)
    video = models.OneToOneField("Video", null=True, on_delete=models.SET_NULL, related_name="+")

    objects: ClassVar[Jobs] = Jobs()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "task_id"], condition=~models.Q(task_id=""), name="one_job_a_task"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="job_due"),
            models.Index(fields=["nudged_at"], name="job_nudged"),
            models.Index(fields=["provider", "state"], name="job_line"),
            models.Index(fields=["team", "-id"], name="job_newest"),
            models.Index(fields=["provider", "resolution", "-id"], name="job_usual_time"),
        ]

    def __str__(self) -> str:
        return f"job {self.pk}"

    def unmoved(self) -> models.QuerySet["Job"]:
        """A lease keeps other workers away, but not a person, who may decide about the job at any moment."""
        return self.held().filter(state=self.state)

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def can_change(self) -> bool:
        """Whether a page should go on asking: everything but an end can still move."""
        return not self.has_ended

    @property
    def has_given_up(self) -> bool:
        """Failed, but not by our own choice: its task may yet turn up alive."""
        return self.state == State.FAILED and self.money in (Money.UNKNOWN, Money.ASSUMED)

    @property
    def expires_at(self) -> datetime | None:
        """When the provider's copy of the result goes."""
        return self.result_at + KEPT_BY_PROVIDER if self.result_at else None

    @property
    def is_lost(self) -> bool:
        """Whether the provider's copy must be gone by now."""
        return bool(self.expires_at and self.expires_at < timezone.now())

    def came_of(self, attempt: Attempt) -> bool:
        """Whether this attempt is its own, or the one that it was adopted from."""
        return attempt.job_id == self.pk or attempt.pk == self.adopted_from_id

    @property
    def is_billed(self) -> bool:
        """Whether its price counts in money totals: the sandbox bills nothing."""
        return self.provider != "sandbox"
