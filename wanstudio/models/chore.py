"""What comes round by itself, on one machine at a time."""

from django.db import models
from django.db.models.functions import Now

from wanstudio.models.leased import Leased


class Chore(Leased):
    """One row a chore: whoever claims it does it, and makes it due again."""

    SWEEP = "sweep"

    name = models.CharField(max_length=30, unique=True)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="chore_due")]

    def __str__(self) -> str:
        return f"chore {self.name}"

    @classmethod
    def enrol(cls, name: str) -> None:
        """Due from the first call on; later calls change nothing."""
        cls.objects.get_or_create(name=name, defaults={"due_at": Now()})
