"""The verbs of a spend request: asked once a form, decided once, by one person."""

from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.jobs import verbs as job_verbs
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.verbs.decisions import JobOrder
from wanstudio.money.pricing import Quote
from wanstudio.money.verbs import lock_budget
from wanstudio.requests.models import LASTS, SpendRequest
from wanstudio.requests.words import Sentence
from wanstudio.teams.models import Membership, Team
from wanstudio.teams.roles import Act, may
from wanstudio.uploads.models import Source
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
        order = JobOrder(
            nonce=asked.nonce,
            team=team,
            person=asked.person,
            provider=asked.provider,
            character=asked.character,
            motion=asked.motion,
            behaviour=asked.behaviour,
            quote=quote,
            prompt=asked.prompt,
            seed=asked.seed,
            seed_generated=asked.seed_generated,
        )
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
