"""The daily mail of a person: everything that waits for it, in one."""

from django.db import transaction

from wanstudio.models import Digest, Notification
from wanstudio.models.letters import digest as write


def send(digest: Digest) -> None:
    """The mail's row and what it tells in one transaction: a crash, or a second worker, sends nothing twice."""
    with transaction.atomic():
        # First, so that whoever adds to it now waits, and makes it due again.
        digest.postpone(None)
        waiting = Notification.objects.filter(person=digest.person, waits_for_digest=True)
        pks = list(waiting.values_list("pk", flat=True))
        # Of a team that the person has left meanwhile nothing is told.
        news = list(
            Notification.objects.for_person(digest.person).filter(pk__in=pks).select_related("team").order_by("pk")
        )
        Notification.objects.filter(pk__in=pks).update(waits_for_digest=False)
        if news and digest.person.is_active:
            write(digest.person, news)
