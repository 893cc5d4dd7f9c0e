"""Daily mail of a person: every notification that was left for it, in one."""

from django.db import transaction

from wanstudio.notifications.models.digest import Digest
from wanstudio.notifications.models.mail_choices import DAILY, MailChoice, When
from wanstudio.notifications.models.notification import Notification
from wanstudio.notifications.verbs.notify import mail_person
from wanstudio.notifications.words import mail_of_day


def send_digest(digest: Digest) -> None:
    """The mail's row and the rows it is about in one transaction: a crash, or a second worker, sends nothing twice."""
    person = digest.person
    with transaction.atomic():
        # First, so that whoever adds to it now waits for this transaction, and makes it due again.
        digest.postpone(None)
        ids = list(Notification.objects.filter(person=person, in_next_digest=True).values_list("pk", flat=True))
        # Neither of a team that the person has left meanwhile, nor of a kind that they have stopped.
        kinds = [kind for kind, when in MailChoice.of(person).items() if when != When.OFF]
        mine = Notification.objects.for_person(person).filter(pk__in=ids, kind__in=kinds)
        rows = list(mine.select_related("team").order_by("pk"))
        Notification.objects.filter(pk__in=ids).update(in_next_digest=False)
        if rows and person.is_active:
            mail_person(person, DAILY, mail_of_day(person, rows))
