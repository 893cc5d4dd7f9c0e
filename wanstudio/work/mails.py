"""Mails: rows that any noun writes with `post_mail`, in its own transaction, and the worker sends."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.work.leases import Leased

NO_MAIL = "This studio sends no mail: EMAIL_URL is not set."


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

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="mail_due")]

    def __str__(self) -> str:
        return f"mail {self.pk}"

    def mark_sent(self) -> None:
        """A crash just before it sends the mail once more, under the same Message-ID."""
        self.postpone(None, sent_at=Now(), text="", problem="")

    def give_up(self, problem: str) -> None:
        self.postpone(None, gave_up_at=Now(), text="", problem=problem[:300])


def post_mail(
    *, to: str, subject: str, text: str, team: models.Model | None = None, headers: dict[str, str] | None = None
) -> Mail:
    """Due at once. In the caller's transaction: what is rolled back is not sent.

    Without `EMAIL_URL` the row only says so, and its text is not kept.
    """
    mail = Mail(to=to, subject=" ".join(subject.split())[:200], text=text, headers=headers or {})
    mail.team_id = team.pk if team else None
    if settings.EMAIL_URL:
        mail.due_at = timezone.now()
    else:
        mail.text, mail.problem, mail.gave_up_at = "", NO_MAIL, timezone.now()
    mail.save(force_insert=True)
    return mail
