"""The key at a provider: its pauses, shared by all jobs, and its balance."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import models, transaction
from django.db.models import Case, F, Q, When
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from wanstudio.keys.models.balance_readings import BalanceNote
from wanstudio.work.leases import Leased

# Three refusals with 403 in a row say that the key, not the content, is the reason.
STRIKES = 3
# An older balance is nothing to warn with.
BALANCE_HOLDS = timedelta(hours=1)


class ProviderKey(Leased):
    """One row a provider. The key itself is not in it. Due: the worker asks for the balance.

    A 429 closes it to every call until `paused_until`; a refusal of the account (`pause`), or its owner (`stop`), to
    submissions only.
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
    throttles = models.PositiveIntegerField(default=0, help_text="429s in a row.")
    strikes = models.PositiveIntegerField(default=0, help_text="403s in a row.")
    balance = models.DecimalField(max_digits=14, decimal_places=4, null=True, help_text="Dollars, as last told.")
    balance_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True, blank=True, help_text="When the owner stopped all sending.")
    stopped_why = models.CharField(max_length=300, blank=True, help_text="If the studio itself stopped it, a sentence.")
    problem = models.CharField(max_length=300, blank=True, help_text="Why the last balance call failed, in words.")
    mark = models.CharField(max_length=32, blank=True, help_text="Of the key that told the balance.")

    def __str__(self) -> str:
        return f"key at {self.provider}"

    @classmethod
    def at(cls, provider: str) -> "ProviderKey":
        return cls.objects.get_or_create(provider=provider)[0]

    @classmethod
    def lock(cls, provider: str) -> None:
        """Nobody else passes here for this key until the transaction ends. SQLite's transactions do that anyway."""
        cls.at(provider)
        cls.objects.select_for_update().get(provider=provider)

    @classmethod
    def opens_at(cls, provider: str) -> datetime | None:
        """When calls may go out again, or None: now."""
        paused = cls.objects.filter(provider=provider, paused_until__gt=Now())
        return paused.values_list("paused_until", flat=True).first()

    @property
    def blocks_sending(self) -> bool:
        """Whether an account problem holds all submissions back until the balance call says otherwise."""
        return self.pause != self.Pause.NONE

    def stop(self, why: str = "") -> None:
        """Hold every submission back until `go_on`. What was handed over is followed as usual.

        Holds from the commit on, for a job that is just being sent up to its first byte. Crash: as before, or stopped.
        """
        ProviderKey.objects.filter(pk=self.pk, stopped_at=None).update(stopped_at=Now(), stopped_why=why)

    def go_on(self) -> None:
        """The end of `stop`: queued jobs go out at their next look. A crash leaves it stopped, or over."""
        ProviderKey.objects.filter(pk=self.pk).update(stopped_at=None, stopped_why="")

    def throttle(self, wait: timedelta) -> None:
        """A 429: nobody calls on this key for `wait`. A shorter wait never shortens a longer one.

        Calls that were under way together are refused together: that counts as one refusal, not as many in a row.
        """
        me, until = ProviderKey.objects.filter(pk=self.pk), Now() + wait
        is_open = Q(paused_until=None) | Q(paused_until__lte=Now())
        if not me.filter(is_open).update(throttles=F("throttles") + 1, paused_until=until):
            me.update(paused_until=Greatest(F("paused_until"), until))

    def suspend(self, pause: str, needed: Decimal, wait: timedelta) -> None:
        """The account refuses: no submission until `resume`; the balance is asked for after `wait`."""
        ProviderKey.objects.filter(pk=self.pk).update(pause=pause, needed=needed, due_at=Now() + wait)

    def strike(self, wait: timedelta) -> None:
        """A 403; the third in a row suspends the key."""
        ProviderKey.objects.filter(pk=self.pk).update(strikes=F("strikes") + 1)
        ProviderKey.objects.filter(pk=self.pk, strikes__gte=STRIKES).filter(pause="").update(
            pause=self.Pause.FORBIDDEN, due_at=Now() + wait
        )

    def answered(self) -> None:
        """A call went through: the growing waits of a 429 start again from the bottom."""
        ProviderKey.objects.filter(pk=self.pk, throttles__gt=0).update(throttles=0)

    def admitted(self) -> None:
        """The key may use the model, whatever else became of the request: refusals are no longer in a row."""
        ProviderKey.objects.filter(pk=self.pk, strikes__gt=0).update(strikes=0)

    def resume(self) -> None:
        """Submissions may go out again. Strikes stay: after three, one more 403 suspends at once.

        Lifts only the pause that this row was loaded with: another one may have been laid meanwhile.
        """
        ProviderKey.objects.filter(pk=self.pk, pause=self.pause).update(pause=self.Pause.NONE, needed=0)

    @property
    def is_checking(self) -> bool:
        """Whether the balance is due, or being asked for right now."""
        return ProviderKey.objects.filter(pk=self.pk, due_at__lte=Now()).exists()

    def falls_short_of(self, price: Decimal) -> bool:
        """Whether the last balance, if it is fresh enough to mean anything, does not cover `price` dollars."""
        if self.balance is None or self.balance_at is None or timezone.now() - self.balance_at > BALANCE_HOLDS:
            return False
        return self.balance < price

    def note_balance(self, balance: Decimal, mark: str = "") -> None:
        """The balance as the provider tells it, with its time. A crash leaves it noted, or not.

        `mark`: of the key that asked. Another one than before has another balance, with which our sums start again.
        """
        with transaction.atomic():
            if mark and ProviderKey.objects.filter(pk=self.pk).exclude(mark="").exclude(mark=mark).exists():
                BalanceNote.key_changed(self.provider)
            named = {"mark": mark} if mark else {}
            ProviderKey.objects.filter(pk=self.pk).update(balance=balance, balance_at=Now(), problem="", **named)
            BalanceNote.told(self.provider, balance)
        self.balance = balance

    def start_anew(self, balance: Decimal, mark: str, wait: timedelta) -> None:
        """Another key is in force: what was held against the one before is over. An owner's stop stays.

        The balance is due after `wait`.
        """
        ProviderKey.objects.filter(pk=self.pk).update(
            pause=self.Pause.NONE, needed=0, paused_until=None, throttles=0, strikes=0, due_at=Now() + wait
        )
        self.note_balance(balance, mark)

    def ask_again(self, usual: timedelta, suspended: timedelta) -> None:
        """The balance is due after `usual`, or after `suspended` while submissions wait for it."""
        soon = Case(When(pause=self.Pause.NONE, then=Now() + usual), default=Now() + suspended)
        self.held().update(due_at=soon)

    def ask_balance_now(self) -> None:
        """Due from this moment on: `is_checking` is true at once. A crash leaves it due, or as it was."""
        ProviderKey.objects.filter(pk=self.pk).update(due_at=Now())
        self.wake()

    def ask_balance_after(self, wait: timedelta) -> None:
        """Due after `wait`, whatever was due before."""
        ProviderKey.objects.filter(pk=self.pk).update(due_at=Now() + wait)

    def ask_balance_within(self, wait: timedelta) -> None:
        """Due after `wait` at the latest; what is due sooner stays."""
        ProviderKey.objects.filter(pk=self.pk, due_at__gt=Now() + wait).update(due_at=Now() + wait)
