"""Changes of the sign-in address: a link confirms the new address, and a mail informs the old one."""

from django.core import signing
from django.db import IntegrityError, transaction
from django.urls import reverse

from wanstudio.accounts import words
from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.web.addresses import address_of
from wanstudio.work.mails import post_mail

_SALT = "wanstudio.email"
EMAIL_LINK_S = 60 * 60


def ask_to_confirm(who: User, email: str) -> None:
    """A mail with a link to the new address, unless that has an account here. Nothing has changed yet."""
    if User.objects.filter(email=email).exists():
        return
    token = signing.dumps([who.pk, who.email, email], salt=_SALT)
    url = address_of(reverse("account.confirm_email", args=[token]))
    post_mail(to=email, subject=words.CONFIRM_SUBJECT, text=words.CONFIRM_MAIL.format(url=url))


def confirmed_email(who: User, token: str) -> str | None:
    """The address in a link that was mailed on behalf of this person, who has the same one still; else None."""
    try:
        pk, old, new = signing.loads(token, salt=_SALT, max_age=EMAIL_LINK_S)
    except signing.BadSignature:
        return None
    return str(new) if (pk, old) == (who.pk, who.email) else None


def change_email(who: User, email: str) -> bool:
    """False, and nothing written, if the address has an account, or this person's has changed meanwhile.

    A crash before the mail to the old address leaves the change without it.
    """
    try:
        with transaction.atomic():
            changed = User.objects.filter(pk=who.pk, email=who.email).update(email=email)
            if changed:
                record("email.changed", person=who, about=f"{who.email} → {email}")
    except IntegrityError:
        return False
    if changed:
        post_mail(to=who.email, subject=words.CHANGED_SUBJECT, text=words.CHANGED_MAIL.format(email=email))
    return bool(changed)
