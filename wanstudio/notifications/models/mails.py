"""Mails to be sent: written by whoever has something to say, sent by the worker."""

from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.teams.models import Membership, Team
from wanstudio.work.leases import Leased

NO_MAIL = "This studio sends no mail: EMAIL_URL is not set."


class Mails(models.Manager["Mail"]):
    def post(
        self, *, to: str, subject: str, text: str, team: Any = None, headers: dict[str, str] | None = None
    ) -> "Mail":
        """Due at once. In the caller's transaction: what is rolled back is not sent.

        Without `EMAIL_URL` the row only says so, and its text is not kept.
        """
        mail = Mail(to=to, subject=" ".join(subject.split())[:200], text=text, team=team, headers=headers or {})
        if settings.EMAIL_URL:
            mail.due_at = timezone.now()
        else:
            mail.text, mail.problem, mail.gave_up_at = "", NO_MAIL, timezone.now()
        mail.save(force_insert=True)
        return mail


class Mail(Leased):
    """One mail to one address. `text` may hold a link that opens something: it is gone once the mail is sent."""

    team = models.ForeignKey("Team", null=True, blank=True, on_delete=models.CASCADE, related_name="mails")
    to = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    headers = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    gave_up_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True, help_text="Why the last try failed, in a sentence.")

    objects = Mails()

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="mail_due")]

    def __str__(self) -> str:
        return f"mail {self.pk}"

    def mark_sent(self) -> None:
        """A crash just before it sends the mail once more, under the same Message-ID."""
        self.postpone(None, sent_at=Now(), text="", problem="")

    def give_up(self, problem: str) -> None:
        self.postpone(None, gave_up_at=Now(), text="", problem=problem[:300])


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
