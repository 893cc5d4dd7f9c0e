"""Digest of a person: the row that is due in the morning after something was added to it."""

from datetime import datetime, time, timedelta

from django.db import models

from wanstudio.accounts.models import User
from wanstudio.teams.models import Team
from wanstudio.work.leases import Leased

AT = time(8)


class Digest(Leased):
    person = models.OneToOneField(User, on_delete=models.CASCADE, related_name="digest")

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="digest_due")]

    def __str__(self) -> str:
        return f"digest {self.pk}"


def next_morning(team: Team, now: datetime) -> datetime:
    """The next eight o'clock where the team is."""
    here = now.astimezone(team.zone)
    today = datetime.combine(here.date(), AT, here.tzinfo)
    return today if today > here else datetime.combine(here.date() + timedelta(days=1), AT, here.tzinfo)
