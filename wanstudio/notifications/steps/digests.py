"""The daily mail of a person: everything that waits for it, in one."""

from django.db import transaction

from wanstudio.accounts.models import User
from wanstudio.notifications.mail_templates import digest as write
from wanstudio.notifications.models.digest import Digest
from wanstudio.notifications.models.mail_choices import Kind, MailChoice, When
from wanstudio.notifications.models.notification import Notification


def send(digest: Digest) -> None:
    """The mail's row and what it tells in one transaction: a crash, or a second worker, sends nothing twice."""
    with transaction.atomic():
        # First, so that whoever adds to it now waits, and makes it due again.
        digest.postpone(None)
        waiting = Notification.objects.filter(person=digest.person, waits_for_digest=True)
        pks = list(waiting.values_list("pk", flat=True))
        # Of a team that the person has left meanwhile nothing is told.
        mine = Notification.objects.for_person(digest.person).filter(pk__in=pks, kind__in=_wanted(digest.person))
        news = list(mine.select_related("team").order_by("pk"))
        Notification.objects.filter(pk__in=pks).update(waits_for_digest=False)
        if news and digest.person.is_active:
            write(digest.person, news)


def _wanted(person: User) -> list[Kind]:
    """Without what they have stopped since it began to wait."""
    return [kind for kind, when in MailChoice.of(person).items() if when != When.OFF]
