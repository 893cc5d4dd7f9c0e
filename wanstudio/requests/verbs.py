"""The verbs of a spend request: asked once a form, decided once, by one person.

Each notification is written in the transaction of the verb that it is about: the caller's.
"""

from dataclasses import fields
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.jobs import verbs as job_verbs
from wanstudio.jobs.models import Job
from wanstudio.jobs.verbs.decisions import JobOrder
from wanstudio.money.pricing import Quote
from wanstudio.money.verbs import lock_budget
from wanstudio.notifications.models import Kind
from wanstudio.notifications.verbs import Event, notify, post_to_webhook
from wanstudio.requests.models import LASTS, SpendRequest
from wanstudio.requests.words import Sentence
from wanstudio.teams.models import Membership, Team
from wanstudio.teams.roles import Act, may
from wanstudio.uploads.models import Source
from wanstudio.web.addresses import address_of
from wanstudio.work.leases import Stale


class PriceChanged(Exception):
    """Today's price is not the one that was agreed to. Nothing was written."""


class NotPossible(Exception):
    """It cannot be made any more: `reason`, about the person or the file of this name. Nothing was written."""

    def __init__(self, reason: Sentence, name: str) -> None:
        super().__init__(reason, name)
        self.reason = reason
        self.name = name


def ask(order: JobOrder, *, note: str) -> SpendRequest:
    """The request of this form; the same form asks once. Nothing is reserved."""
    note = " ".join(note.split())[:300]
    try:
        with transaction.atomic():
            return SpendRequest.objects.create(**order.columns(), note=note, expires_at=timezone.now() + LASTS)
    except IntegrityError:
        return SpendRequest.objects.get(nonce=order.nonce, team=order.team)


def grant(asked: SpendRequest, by: User, quote: Quote, *, agreed: Decimal) -> Job:
    """asked → granted, and its job is queued beyond the cap: of two who grant at once, one does.

    `quote`: today's; `PriceChanged` unless it is what `agreed` says. `NotPossible` says why not. `Stale` if it
    is decided already. A crash leaves both or neither.
    """
    if quote.price != agreed:
        raise PriceChanged
    with transaction.atomic():
        team = lock_budget(asked.team_id)
        _check_possible(asked, team)
        _decide(asked, SpendRequest.State.GRANTED, by)
        same = {part.name: getattr(asked, part.name) for part in fields(JobOrder) if part.name not in ("team", "quote")}
        order = JobOrder(**same, team=team, quote=quote)
        asked.job = job_verbs.accept(order, beyond_cap=True)
        SpendRequest.objects.filter(pk=asked.pk).update(job=asked.job)
        return asked.job


def decline(asked: SpendRequest, by: User, word: str) -> None:
    """asked → declined, with a word. Nothing was reserved, so nothing is freed."""
    _decide(asked, SpendRequest.State.DECLINED, by, word=" ".join(word.split())[:300])


def withdraw(asked: SpendRequest) -> None:
    """asked → withdrawn, by who asked."""
    _decide(asked, SpendRequest.State.WITHDRAWN, asked.person)


def expire_open(word: str) -> None:
    """What is open can no longer be granted; `word` says why."""
    SpendRequest.objects.open().update(expires_at=Now(), word=word[:300])


def _check_possible(asked: SpendRequest, team: Team) -> None:
    role = Membership.objects.filter(team=team, user=asked.person).values_list("role", flat=True).first()
    if not may(role or "", Act.MAKE):
        raise NotPossible(Sentence.NO_LONGER_MAKES, str(asked.person))
    for source in Source.objects.filter(Q(pk=asked.character_id) | Q(pk=asked.motion_id), deleted_at__isnull=False):
        raise NotPossible(Sentence.DELETED, source.name)


def _decide(asked: SpendRequest, state: SpendRequest.State, by: User, **changes: str) -> None:
    mine = SpendRequest.objects.open().filter(pk=asked.pk)
    if not mine.update(state=state, decided_by=by, decided_at=Now(), **changes):
        raise Stale(f"{asked} is decided, or has expired")
    asked.state, asked.decided_by = state, by


def notify_approvers(asked: SpendRequest) -> None:
    """Each by a link of their own, in the caller's transaction. Who asks gets none of their own."""
    record(act="spend.requested", team=asked.team, person=asked.person, about=_about(asked), on=asked)
    word = f"“{asked.note}” " if asked.note else ""
    _post("spend.requested", asked, f"{asked.person} asks to spend ${asked.price} for {asked.title}. {word}")
    for person in asked.approvers().exclude(pk=asked.person_id):
        detail = (
            f"{word}{asked.title}, {asked.resolution}, over the monthly cap. Nothing is spent until someone "
            f"approves it. This link is only for you, works once, and expires on {asked.expires_at:%-d %b, %H:%M} UTC."
        )
        title = f"{asked.person} asks to spend ${asked.price}"
        path = reverse("requests.by_mail", args=[asked.token_for(person)])
        notify([person], Event(asked.team, Kind.SPEND, f"spend request {asked.pk}", title, detail, path=path))


def notify_asker(asked: SpendRequest, by: User) -> None:
    if asked.state == SpendRequest.State.WITHDRAWN:
        record(act="spend.withdrawn", team=asked.team, person=by, about=_about(asked), on=asked)
        return
    granted = asked.state == SpendRequest.State.GRANTED
    act = "spend.granted" if granted else "spend.declined"
    record(act=act, team=asked.team, person=by, about=_about(asked), on=asked)
    _post(act, asked, f"{by} {'allowed' if granted else 'declined'} ${asked.price} for {asked.title}.")
    if by.pk == asked.person_id:
        return
    word = f"“{asked.word}” " if asked.word else ""
    after = f"{asked.title} is in the queue." if granted else f"{asked.title}. Nothing was sent or charged."
    title = f"{by} {'allowed' if granted else 'declined'} ${asked.job.price if asked.job else asked.price}"
    key = f"spend request {asked.pk} decided"
    notify([asked.person], Event(asked.team, Kind.DECIDED, key, title, word + after, on=asked.job or asked))


def _post(kind: str, asked: SpendRequest, text: str) -> None:
    """To the team's webhook; the link leads to the team's page, and opening it decides nothing."""
    page = address_of(reverse("team.show"))
    data = {"request": asked.pk, "person": str(asked.person), "title": asked.title, "price": str(asked.price)}
    post_to_webhook(asked.team, kind, f"{kind} {asked.pk}", f"{text.strip()} {page}", data | {"url": page})


def _about(asked: SpendRequest) -> str:
    return f"${asked.price} of {asked.person} for {asked.title}"
