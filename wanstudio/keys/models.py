"""The provider's keys: a row a provider with its pauses and balance, and the keys entered in the settings."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from django.db import connection, models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.encryption.encrypted_fields import SecretField
from wanstudio.work.compiled import moment
from wanstudio.work.leases import Leased
from wanstudio.work.prepared import Prepared, PreparedRows

# An older balance is nothing to warn with.
BALANCE_GOOD_FOR = timedelta(hours=1)


class ProviderKey(Leased):
    """One row a provider. The key itself is not in it. Due: the worker asks for the balance.

    A 429 closes it to every call until `paused_until`; a refusal of the account (`pause`: until a balance call answers
    it), or its owner (`stop`), to submissions only.
    """

    class Pause(models.TextChoices):
        NONE = "", "none"
        UNAUTHORIZED = "unauthorized", "key refused"
        NO_BALANCE = "no_balance", "balance too low"
        FORBIDDEN = "forbidden", "refused three times in a row"

    provider = models.CharField(max_length=20, unique=True)
    pause = models.CharField(max_length=15, choices=Pause.choices, blank=True)
    paused_until = models.DateTimeField(null=True, blank=True)
    needed = models.DecimalField(max_digits=8, decimal_places=2, default=0, help_text="Dollars a paused job waits for.")
    rate_limits = models.PositiveIntegerField(default=0, help_text="429s in a row.")
    strikes = models.PositiveIntegerField(default=0, help_text="403s in a row.")
    balance = models.DecimalField(max_digits=14, decimal_places=4, null=True, help_text="Dollars, as last read.")
    balance_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True, blank=True, help_text="When the owner stopped all sending.")
    stopped_why = models.CharField(max_length=300, blank=True, help_text="If the studio itself stopped it, a sentence.")
    problem = models.CharField(max_length=300, blank=True, help_text="Why the last balance call failed, in words.")
    mark = models.CharField(max_length=32, blank=True, help_text="Of the key whose balance it is.")
    # Its budget, see `call_budget`.
    spent_until = models.DateTimeField(null=True, help_text="When the calls that were made are paid off.")
    polls_until = models.DateTimeField(null=True, help_text="Until when polls have been given their times.")
    minute_at = models.DateTimeField(null=True, help_text="When the minute began whose calls are counted.")
    minute_calls = models.PositiveIntegerField(default=0)
    minute_before = models.PositiveIntegerField(default=0, help_text="Calls of the minute before it.")
    # Of all time, for the figures outside.
    calls_total = models.BigIntegerField(default=0)
    submissions_total = models.BigIntegerField(default=0, help_text="Of these calls.")
    refused_total = models.BigIntegerField(default=0, help_text="Answers of 429.")
    calls_limit = models.FloatField(null=True, help_text="Calls a minute, as the last 429 left them.")
    calls_ceiling = models.FloatField(null=True, help_text="Calls that went through in the minute before it.")
    calls_limited_at = models.DateTimeField(null=True)
    tasks_limit = models.PositiveIntegerField(null=True, help_text="Tasks at a time; suspected until it has a time.")
    tasks_limited_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"key at {self.provider}"

    @classmethod
    def at(cls, provider: str) -> "ProviderKey":
        return _AT.first(provider) or cls.objects.get_or_create(provider=provider)[0]

    @classmethod
    def peek(cls, provider: str) -> "ProviderKey":
        """The row; an unsaved one before the worker has made it."""
        return _AT.first(provider) or cls(provider=provider)

    @classmethod
    def lock(cls, provider: str) -> "ProviderKey":
        """Locks the key's row until the transaction ends. SQLite's transactions do that anyway."""
        key = cls.at(provider)
        return cls.objects.select_for_update().get(pk=key.pk) if connection.features.has_select_for_update else key

    @classmethod
    def opens_at(cls, provider: str) -> datetime | None:
        """When calls can go out again, or None: now."""
        found = _PAUSED.first(provider)
        return moment(found[0]) if found else None

    @property
    def row(self) -> models.QuerySet["ProviderKey"]:
        return ProviderKey.objects.filter(pk=self.pk)

    @property
    def is_checking(self) -> bool:
        """Whether the balance is due, or being asked for right now."""
        return self.row.filter(due_at__lte=Now()).exists()

    def falls_short_of(self, price: Decimal) -> bool:
        """Whether the last balance, if it is fresh enough to mean anything, does not cover `price` dollars."""
        if self.balance is None or self.balance_at is None or timezone.now() - self.balance_at > BALANCE_GOOD_FOR:
            return False
        return self.balance < price


_AT = Prepared(lambda provider: ProviderKey.objects.filter(provider=provider))
_PAUSED = PreparedRows(
    lambda provider: ProviderKey.objects.filter(provider=provider, paused_until__gt=Now()).values_list("paused_until")
)


class StudioKey(Leased):
    """A key that was entered in the settings: encrypted, and kept for as long as its tasks need it.

    Due: the worker asks for the balance with it. Only a success puts it in force, in place of the one before.
    """

    class State(models.TextChoices):
        CHECKING = "checking", "being checked"
        ACTIVE = "active", "in force"
        REFUSED = "refused", "refused"
        RETIRED = "retired", "no longer in force"

    provider = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=State.choices, default=State.CHECKING)
    secret = SecretField(blank=True)
    mark = models.CharField(max_length=32)
    ending = models.CharField(max_length=4, blank=True)
    problem = models.CharField(max_length=300, blank=True, help_text="Why it could not be checked yet, or is refused.")
    person = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["StudioKey"]] = models.Manager()

    class Meta(Leased.Meta):
        db_table = "wanstudio_storedkey"
        verbose_name = "key"
        constraints = [
            models.UniqueConstraint(fields=["provider"], condition=Q(state="active"), name="one_key_in_force"),
            models.UniqueConstraint(fields=["provider"], condition=Q(state="checking"), name="one_key_checked"),
        ]
        indexes = [*Leased.Meta.indexes, models.Index(fields=["mark"], name="key_mark")]

    def __str__(self) -> str:
        return f"key {self.pk} at {self.provider}"

    @property
    def is_checking(self) -> bool:
        return self.state == self.State.CHECKING

    @classmethod
    def in_force(cls, provider: str) -> "StudioKey | None":
        return cls.objects.filter(provider=provider, state=cls.State.ACTIVE).first()

    @classmethod
    def offered(cls, provider: str) -> models.QuerySet["StudioKey"]:
        return cls.objects.filter(provider=provider, state__in=(cls.State.CHECKING, cls.State.REFUSED))

    @classmethod
    def with_mark(cls, provider: str, mark: str) -> "StudioKey | None":
        found = cls.objects.filter(provider=provider, mark=mark, state__in=(cls.State.ACTIVE, cls.State.RETIRED))
        return found.exclude(secret="").order_by("state", "-pk").first()
