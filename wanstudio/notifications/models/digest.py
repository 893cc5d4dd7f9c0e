"""Digests: the daily mail of a person, due the next morning once something waits for it."""

from datetime import datetime, time, timedelta

from django.db import models
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.teams.models import Membership, Team
from wanstudio.work.leases import Leased

AT = time(8)


class Digest(Leased):
    person = models.OneToOneField(User, on_delete=models.CASCADE, related_name="digest")

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="digest_due")]

    def __str__(self) -> str:
        return f"digest {self.pk}"

    @classmethod
    def wake_for(cls, member: Membership) -> None:
        """Something waits for this person: due the next morning, unless it is due already. In the caller's transaction.

        The clock is this machine's: a minute more or less does not matter here.
        """
        mine = cls.objects.get_or_create(person=member.user)[0]
        # Locked: a worker that is emptying it just now would not see what this transaction adds.
        mine = cls.objects.select_for_update().get(pk=mine.pk)
        if mine.due_at is None:
            cls.objects.filter(pk=mine.pk).update(due_at=next_morning(member.team, timezone.now()))


def next_morning(team: Team, now: datetime) -> datetime:
    """The next eight o'clock where the team is."""
    here = now.astimezone(team.zone)
    today = datetime.combine(here.date(), AT, here.tzinfo)
    return today if today > here else datetime.combine(here.date() + timedelta(days=1), AT, here.tzinfo)
