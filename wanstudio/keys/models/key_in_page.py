"""A key that was set in the page: encrypted, checked by the worker, kept for as long as its tasks need it."""

from datetime import timedelta
from decimal import Decimal
from typing import ClassVar

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import salted_hmac

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.encryption import encrypted_fields
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.states import ENDED
from wanstudio.keys.models.provider_key import ProviderKey
from wanstudio.money.models import Money
from wanstudio.provider import providers
from wanstudio.teams.models import Team
from wanstudio.work.leases import Leased, Stale

# A shorter key keeps its end to itself, too.
SHOWN_FROM = 12


def mark_of(secret: str) -> str:
    """Tells whether two keys are the same, and nothing else about them; empty for none."""
    return salted_hmac("wanstudio.stored_key", secret, algorithm="sha256").hexdigest()[:32] if secret else ""


def ending_of(secret: str) -> str:
    """The last four characters, for a person who has several keys."""
    return secret[-4:] if len(secret) >= SHOWN_FROM else ""


class StoredKey(Leased):
    """Due: the worker asks for the balance with it. Only a success puts it in force, in place of the one before."""

    class State(models.TextChoices):
        CHECKING = "checking", "being checked"
        ACTIVE = "active", "in force"
        REFUSED = "refused", "refused"
        RETIRED = "retired", "no longer in force"

    provider = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=State.choices, default=State.CHECKING)
    secret = encrypted_fields.SecretField(blank=True)
    mark = models.CharField(max_length=32)
    ending = models.CharField(max_length=4, blank=True)
    problem = models.CharField(max_length=300, blank=True, help_text="Why it could not be checked yet, or is refused.")
    person = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["StoredKey"]] = models.Manager()

    class Meta:
        verbose_name = "key"
        constraints = [
            models.UniqueConstraint(fields=["provider"], condition=Q(state="active"), name="one_key_in_force"),
            models.UniqueConstraint(fields=["provider"], condition=Q(state="checking"), name="one_key_checked"),
        ]
        indexes = [models.Index(fields=["due_at"], name="key_due"), models.Index(fields=["mark"], name="key_mark")]

    def __str__(self) -> str:
        return f"key {self.pk} at {self.provider}"

    @classmethod
    def offer(cls, provider: str, secret: str, person: User) -> "StoredKey":
        """A key to be checked; one that was being checked makes room. A crash leaves it offered, or all as before."""
        with transaction.atomic():
            ProviderKey.lock(provider)
            cls.objects.filter(provider=provider, state__in=(cls.State.CHECKING, cls.State.REFUSED)).delete()
            offered = cls.objects.create(
                provider=provider,
                secret=encrypted_fields.encrypt(secret),
                mark=mark_of(secret),
                ending=ending_of(secret),
                person=person,
                due_at=Now(),
            )
            _note("key.offered", offered, person)
            offered.wake()
        return offered

    @property
    def is_checking(self) -> bool:
        return self.state == self.State.CHECKING

    def accept(self, balance: Decimal, wait: timedelta) -> None:
        """checking → in force, with the balance it told; the next one is due after `wait`.

        The key before it is kept only while its tasks need it. Raises Stale if this one was taken back meanwhile. A
        crash leaves the old one in force, or this one.
        """
        with transaction.atomic():
            ProviderKey.lock(self.provider)
            StoredKey.objects.filter(provider=self.provider, state=self.State.ACTIVE).update(
                state=self.State.RETIRED, decided_at=Now()
            )
            self._decide(self.State.ACTIVE)
            ProviderKey.at(self.provider).start_anew(balance, self.mark, wait)
            _note("key.set", self, self.person)
            forget_unneeded()

    def refuse(self, why: str) -> None:
        """checking → refused, and its secret is forgotten. What is in force stays."""
        self._decide(self.State.REFUSED, secret="", problem=why[:300])

    def _decide(self, state: str, **changes: str) -> None:
        moved = self.held().filter(state=self.State.CHECKING)
        if not moved.update(state=state, decided_at=Now(), due_at=None, **({"problem": ""} | changes)):
            raise Stale(f"{self} is no longer being checked")

    @classmethod
    def take_away(cls, provider: str, person: User) -> None:
        """What is being checked and what was refused is forgotten, and nothing is in force here any more."""
        with transaction.atomic():
            ProviderKey.lock(provider)
            cls.drop_offers(provider)
            active = cls.objects.filter(provider=provider, state=cls.State.ACTIVE).first()
            if active:
                cls.objects.filter(pk=active.pk).update(state=cls.State.RETIRED, decided_at=Now())
                _note("key.removed", active, person)
            forget_unneeded()

    @classmethod
    def drop_offers(cls, provider: str) -> None:
        cls.objects.filter(provider=provider, state__in=(cls.State.CHECKING, cls.State.REFUSED)).delete()

    @classmethod
    def in_force(cls, provider: str) -> "StoredKey | None":
        return cls.objects.filter(provider=provider, state=cls.State.ACTIVE).first()

    @classmethod
    def with_mark(cls, provider: str, mark: str) -> "StoredKey | None":
        """One that is this key and still has its secret."""
        found = cls.objects.filter(provider=provider, mark=mark, state__in=(cls.State.ACTIVE, cls.State.RETIRED))
        return found.exclude(secret="").order_by("state", "-pk").first()


def needed_keys() -> models.QuerySet[StoredKey]:
    """Those out of force that took a task which is not home, or not cleared up."""
    open_jobs = ~Q(job__state__in=ENDED) | Q(job__money=Money.UNKNOWN) | Q(money=Money.UNKNOWN) | ~Q(due_at=None)
    took = Attempt.objects.filter(open_jobs, provider=OuterRef("provider"), key_mark=OuterRef("mark"))
    return StoredKey.objects.filter(Exists(took), state=StoredKey.State.RETIRED).exclude(secret="")


def forget_unneeded() -> None:
    """The secrets of keys out of force whose tasks are all home are gone for good."""
    retired = StoredKey.objects.filter(state=StoredKey.State.RETIRED).exclude(secret="")
    retired.exclude(pk__in=list(needed_keys().values_list("pk", flat=True))).update(secret="")


def _note(act: str, key: StoredKey, person: User | None) -> None:
    name = providers.get(key.provider).key_name
    about = f"{name}, ends in {key.ending}" if key.ending else name
    record(act=act, team=Team.objects.filter(is_first=True).first(), person=person, about=about)
