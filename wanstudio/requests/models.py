"""A request to spend: a video that is over the cap, kept with all it was asked with until somebody decides."""

from datetime import timedelta
from decimal import Decimal
from typing import ClassVar, Unpack
from uuid import uuid4

from django.db import IntegrityError, models, transaction
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.jobs.job_order import Wanted, columns
from wanstudio.jobs.models.job import Job
from wanstudio.money import budgets as budget
from wanstudio.money.pricing import Quote
from wanstudio.teams.models import Membership, Team
from wanstudio.teams.roles import Act, may, roles_with
from wanstudio.uploads.models import Source
from wanstudio.work.leases import Stale

LASTS = timedelta(days=7)


class PriceChanged(Exception):
    """Today's price is not the one that was agreed to. Nothing was written."""


class NotPossible(Exception):
    """It cannot be made any more, in a sentence. Nothing was written."""


class SpendRequests(models.Manager["SpendRequest"]):
    def ask(self, *, note: str, **wanted: Unpack[Wanted]) -> "SpendRequest":
        """The request of this form; the same form asks once. Nothing is reserved."""
        try:
            with transaction.atomic():
                return self.create(
                    **columns(wanted),
                    note=" ".join(note.split())[:300],
                    expires_at=timezone.now() + LASTS,
                )
        except IntegrityError:
            return self.get(nonce=wanted["nonce"], team=wanted["team"])

    def open(self) -> models.QuerySet["SpendRequest"]:
        return self.filter(state=SpendRequest.State.ASKED, expires_at__gt=Now())


class SpendRequest(models.Model):
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
    seed_drawn = models.BooleanField(default=False)
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
        """What it is about, by the names of its inputs."""
        return f"{self.character.name} and {self.motion.name}"

    def approvers(self) -> models.QuerySet[User]:
        """Who may decide: those who may grant, and nobody about their own, but an owner."""
        may_grant = Membership.objects.filter(team=self.team, role__in=roles_with(Act.GRANT), user__is_active=True)
        others = may_grant.exclude(models.Q(user=self.person) & ~models.Q(role=Membership.Role.OWNER))
        return User.objects.filter(pk__in=others.values("user")).order_by("pk")

    def grant(self, by: User, quote: Quote, *, agreed: Decimal) -> Job:
        """asked → granted, and its job is queued beyond the cap: of two who grant at once, one does.

        `quote`: today's; `PriceChanged` unless it is what `agreed` says. `NotPossible` says why not. `Stale` if it
        is decided already. A crash leaves both or neither.
        """
        if quote.price != agreed:
            raise PriceChanged
        with transaction.atomic():
            team = budget.hold(self.team_id)
            self._check_possible(team)
            self._decide(self.State.GRANTED, by)
            job = Job.objects.accept(
                nonce=self.nonce,
                team=team,
                person=self.person,
                provider=self.provider,
                character=self.character,
                motion=self.motion,
                behaviour=self.behaviour,
                quote=quote,
                prompt=self.prompt,
                seed=self.seed,
                seed_drawn=self.seed_drawn,
                beyond_cap=True,
            )
            SpendRequest.objects.filter(pk=self.pk).update(job=job)
            self.job = job
            return job

    def decline(self, by: User, word: str) -> None:
        """asked → declined, with a word. Nothing was reserved, so nothing is freed."""
        self._decide(self.State.DECLINED, by, word=" ".join(word.split())[:300])

    def withdraw(self) -> None:
        """asked → withdrawn, by who asked."""
        self._decide(self.State.WITHDRAWN, self.person)

    def _check_possible(self, team: Team) -> None:
        role = Membership.objects.filter(team=team, user=self.person).values_list("role", flat=True).first()
        if not may(role or "", Act.MAKE):
            raise NotPossible(f"{self.person} no longer makes videos in this team.")
        for source in Source.objects.filter(pk__in=[self.character_id, self.motion_id]):
            if source.deleted_at:
                raise NotPossible(f"“{source.name}” was deleted in the meantime.")

    def _decide(self, state: "SpendRequest.State", by: User, **changes: str) -> None:
        mine = SpendRequest.objects.open().filter(pk=self.pk)
        if not mine.update(state=state, decided_by=by, decided_at=Now(), **changes):
            raise Stale(f"{self} is decided, or has expired")
        self.state, self.decided_by = state, by
