"""The worker's step for mails: sent again and again for a day, then given up with the reason."""

import logging
from datetime import timedelta
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import BadHeaderError, EmailMultiAlternatives
from django.utils import timezone
from django.utils.crypto import salted_hmac

from wanstudio.work import registry
from wanstudio.work.mail_html import as_html
from wanstudio.work.mails import Mail

log = logging.getLogger(__name__)

GIVEN_UP_AFTER = timedelta(hours=24)


def send(mail: Mail) -> None:
    """One try. A crash after it was sent and before that is noted sends it once more."""
    if mail.sent_at or mail.gave_up_at:
        return mail.postpone(None)
    headers = {"Message-ID": _id(mail), **mail.headers}
    message = EmailMultiAlternatives(mail.subject, mail.text, to=[mail.to], headers=headers)
    message.attach_alternative(as_html(mail.subject, mail.text), "text/html")
    try:
        message.send()
    except (SMTPException, OSError, BadHeaderError, ValueError) as wrong:
        return _failed(mail, wrong)
    return mail.mark_sent()


def _failed(mail: Mail, wrong: Exception) -> None:
    problem = _reason(wrong)
    log.warning("%s could not be sent: %s", mail, problem)
    if _is_final(wrong) or timezone.now() - mail.created_at > GIVEN_UP_AFTER:
        return mail.give_up(problem)
    return mail.postpone(timedelta(seconds=min(5 * 2**mail.claims, 3600)), problem=problem[:300])


def _is_final(wrong: Exception) -> bool:
    """True if the server will never take it: an answer of 5xx about this mail or its address."""
    if isinstance(wrong, SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in wrong.recipients.values())
    if isinstance(wrong, SMTPResponseException):
        # 535: the studio's own password is wrong, and can be set right.
        return wrong.smtp_code >= 500 and wrong.smtp_code not in (530, 534, 535)
    return isinstance(wrong, ValueError)


def _reason(wrong: Exception) -> str:
    if isinstance(wrong, SMTPRecipientsRefused):
        code, said = next(iter(wrong.recipients.values()))
        return f"The mail server refuses this address: {code} {_text(said)}"
    if isinstance(wrong, SMTPResponseException):
        return f"The mail server refuses: {wrong.smtp_code} {_text(wrong.smtp_error)}"
    if isinstance(wrong, OSError) and not isinstance(wrong, SMTPException):
        return f"The mail server cannot be reached: {wrong.strerror or wrong}"
    return str(wrong) or type(wrong).__name__


def _text(said: str | bytes) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said


def _id(mail: Mail) -> str:
    """The same at every try, so that a mail that goes out twice is shown once."""
    mark = salted_hmac("wanstudio.mail", f"{mail.pk} {mail.created_at.isoformat()}").hexdigest()[:16]
    return f"<{mail.pk}.{mark}@{urlsplit(settings.LINK_BASE).hostname}>"


registry.register(Mail, send)
