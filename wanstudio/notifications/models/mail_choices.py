"""Mail choices: which notifications a person gets by mail, and when: at once, once a day, or not at all."""

from django.core import signing
from django.db import models

from wanstudio.accounts.models import User

SALT = "wanstudio.unsubscribe"
# In place of a kind: the daily mail as a whole.
DAILY = "daily"


class Kind(models.TextChoices):
    """What a notification is about; the label is how the settings say it."""

    READY = "ready", "A video of yours is ready"
    FAILED = "failed", "A video of yours has failed"
    UNCONFIRMED = "unconfirmed", "A video of yours may have been charged"
    MENTIONED = "mentioned", "Somebody mentions you"
    COMMENT = "comment", "Somebody comments on a video of yours"
    VERDICT = "verdict", "A video of yours is approved or needs work"
    SPEND = "spend", "Somebody asks to spend"
    DECIDED = "decided", "Your request to spend is answered"
    WEBHOOK = "webhook", "The webhook is switched off after days of failures"
    ALERT = "alarm", "A result is in danger, or sending rests"


class When(models.TextChoices):
    NOW = "now", "At once"
    DAILY = "daily", "Once a day"
    OFF = "off", "No mail"


USUAL = {
    Kind.READY: When.DAILY,
    Kind.FAILED: When.NOW,
    Kind.UNCONFIRMED: When.NOW,
    Kind.MENTIONED: When.NOW,
    Kind.COMMENT: When.DAILY,
    Kind.VERDICT: When.DAILY,
    Kind.SPEND: When.NOW,
    Kind.DECIDED: When.NOW,
    Kind.WEBHOOK: When.NOW,
    # The owner's alerts have a mail of their own, which money at stake does not let anybody switch off.
    Kind.ALERT: When.OFF,
}
CHOOSABLE = [kind for kind in Kind if kind != Kind.ALERT]


class MailChoice(models.Model):
    """A choice that differs from the usual."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="mail_choices")
    kind = models.CharField(max_length=15, choices=Kind.choices)
    when = models.CharField(max_length=5, choices=When.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "kind"], name="one_mail_choice_a_kind")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.when}"

    @classmethod
    def of(cls, person: User) -> dict[Kind, When]:
        """Every kind with when it is mailed."""
        chosen = cls.objects.filter(person=person).values_list("kind", "when")
        return USUAL | {Kind(kind): When(when) for kind, when in chosen if kind in Kind.values}


def unsubscribe_token(person: User, what: str) -> str:
    """For a link in a mail: good for this person and this kind of mail, without a sign-in, for ever."""
    return signing.dumps([person.pk, what], salt=SALT)


def read_unsubscribe_token(token: str) -> tuple[User, str] | None:
    """Whose mails of which kind the link stops, or None if it is not one of ours."""
    try:
        pk, what = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    person = User.objects.filter(pk=pk).first()
    return (person, what) if person else None
