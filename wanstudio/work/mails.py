"""Mails: rows that any noun writes with `post_mail`, in its own transaction, and the worker's step that sends them."""

import logging
from datetime import timedelta
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import BadHeaderError, EmailMultiAlternatives
from django.db import models
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.crypto import salted_hmac

from wanstudio.work import registry
from wanstudio.work.elsewhere import elsewhere
from wanstudio.work.leases import Leased

log = logging.getLogger(__name__)

NO_MAIL = "Email is off: EMAIL_URL is not set."
FOOT = "\n-- \n"
GIVEN_UP_AFTER = timedelta(hours=24)


class Mail(Leased):
    """One mail to one address. `text` can hold a link that opens something: it is gone once the mail is sent."""

    team = models.ForeignKey("Team", null=True, blank=True, on_delete=models.CASCADE, related_name="mails")
    to = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    headers = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    gave_up_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True, help_text="Why the last try failed, in a sentence.")

    def __str__(self) -> str:
        return f"mail {self.pk}"


def post_mail(
    *, to: str, subject: str, text: str, team: models.Model | None = None, headers: dict[str, str] | None = None
) -> Mail:
    """Due with the caller's transaction. Without `EMAIL_URL` the row only says so, and its text is not kept."""
    # By the database's clock, as it is asked: by ours it could be due a moment later.
    due_at = Now() if settings.EMAIL_URL else None
    mail = Mail(to=to, subject=" ".join(subject.split())[:200], text=text, headers=headers or {}, due_at=due_at)
    mail.team_id = team.pk if team else None
    if not settings.EMAIL_URL:
        mail.text, mail.problem, mail.gave_up_at = "", NO_MAIL, timezone.now()
    mail.save(force_insert=True)
    return mail


def send(mail: Mail) -> None:
    """One try. A crash after it was sent and before that is noted sends it once more, under the same Message-ID."""
    if mail.sent_at or mail.gave_up_at:
        return mail.postpone(None)
    mark = salted_hmac("wanstudio.mail", f"{mail.pk} {mail.created_at.isoformat()}").hexdigest()[:16]
    headers = {"Message-ID": f"<{mail.pk}.{mark}@{urlsplit(settings.ADDRESS).hostname}>", **mail.headers}
    message = EmailMultiAlternatives(mail.subject, mail.text, to=[mail.to], headers=headers)
    message.attach_alternative(as_html(mail.subject, mail.text), "text/html")
    try:
        with elsewhere():
            message.send()
    except (SMTPException, OSError, BadHeaderError, ValueError) as wrong:
        return _failed(mail, wrong)
    return mail.postpone(None, sent_at=Now(), text="", problem="")


registry.register(Mail, send)


def _failed(mail: Mail, wrong: Exception) -> None:
    """Again and again for a day, then given up with the reason."""
    problem, is_final = _refusal(wrong)
    log.warning("%s could not be sent: %s", mail, problem)
    if is_final or timezone.now() - mail.created_at > GIVEN_UP_AFTER:
        return mail.postpone(None, gave_up_at=Now(), text="", problem=problem[:300])
    return mail.postpone(timedelta(seconds=min(5 * 2**mail.claims, 3600)), problem=problem[:300])


def _refusal(wrong: Exception) -> tuple[str, bool]:
    """The reason, and whether the server will never take it: an answer of 5xx about this mail or its address."""
    if isinstance(wrong, SMTPRecipientsRefused):
        answers = list(wrong.recipients.values())
        reason = f"The mail server rejects this address: {answers[0][0]} {_text(answers[0][1])}"
        return reason, all(code >= 500 for code, _ in answers)
    if isinstance(wrong, SMTPResponseException):
        # 535: the studio's own password is wrong, and can be set right.
        is_final = wrong.smtp_code >= 500 and wrong.smtp_code not in (530, 534, 535)
        return f"The mail server rejects the mail: {wrong.smtp_code} {_text(wrong.smtp_error)}", is_final
    if isinstance(wrong, OSError) and not isinstance(wrong, SMTPException):
        return f"The mail server cannot be reached: {wrong.strerror or wrong}", False
    return str(wrong) or type(wrong).__name__, isinstance(wrong, ValueError)


def _text(said: str | bytes) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said


def as_html(subject: str, text: str) -> str:
    """The HTML of a mail: paragraphs, each with the link that is alone beneath it, and a quiet foot.

    `text` is plain: everything in it is escaped. Only links to the studio itself become buttons: one that a guest wrote
    into a comment is left as it is.
    """
    body, _, foot = text.rpartition(FOOT) if FOOT in text else (text, "", "")
    pieces = []
    for paragraph in body.strip().split("\n\n"):
        lines = [line.strip() for line in paragraph.splitlines() if line.strip()]
        links = [line for line in lines if line.startswith(f"{settings.ADDRESS}/") and " " not in line]
        words = [line for line in lines if line not in links]
        pieces.append({"lines": words, "link": links[0] if links else ""})
    return render_to_string("mail.html", {"subject": subject, "pieces": pieces, "foot": foot.strip().splitlines()})
