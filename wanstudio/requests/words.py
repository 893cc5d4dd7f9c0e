"""Words of spend requests: what came of a decision, why one cannot be granted, and the notices on the studio's page."""

from datetime import timedelta
from decimal import Decimal
from enum import Enum

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from wanstudio.jobs.attention import Link, Notice
from wanstudio.requests.models import SpendRequest
from wanstudio.requests.queries import waiting_of_others
from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.work.prepared import Prepared

# How long a decision stays on the page of who asked.
SHOWN_FOR = timedelta(days=2)
MAX_SHOWN = 3


class Sentence(Enum):
    WITHDRAWN = "Cancelled. Nothing was sent."
    ALLOWED = "${price} approved. The video is in the queue."
    DECLINED = "Declined. Nothing was sent or charged."
    NO_DECISION = "Nothing was done. Approve it at its price, or decline it."
    SANDBOX_ENDED = "This request was for the sandbox, which is no longer used. Nothing was sent; ask again."
    DECIDED = "This request was already decided or has expired. Nothing was done."
    PRICE_CHANGED = "The price has changed. Nothing was sent. Check the new price and press the button again."
    NO_LONGER_MAKES = "{name} no longer makes videos in this team. Nothing was sent; it can only be declined."
    DELETED = "“{name}” was deleted in the meantime. Nothing was sent; it can only be declined."

    def of(self, **facts: object) -> str:
        return self.value.format(**facts)


_MINE = Prepared(lambda team, person: SpendRequest.objects.filter(team=team, person=person).order_by("-pk")[:MAX_SHOWN])


def asked_notices(request: HttpRequest, team: Team, *, just_asked: SpendRequest | None = None) -> list[Notice]:
    """What this person has asked for here: what waits, and what was decided lately.

    `just_asked`: what the form that they have just sent had asked before; it comes first, in more words.
    """
    mine = _MINE.all(team.pk, access.person(request).pk)
    shown = [notice for asked in mine if asked != just_asked and (notice := _notice(asked))]
    if just_asked:
        shown.insert(0, _asked_before(just_asked))
    if others := waiting_of_others(request, team):
        total = sum((asked.price for asked in others), Decimal(0))
        who = " and ".join(sorted({str(asked.person) for asked in others})[:2])
        fact = f"${total} asked for by {who}." if len(others) > 1 else f"{who} asks to spend ${total}."
        page = reverse("team.show") if len(others) > 1 else reverse("requests.show", args=[others[0].pk])
        shown.insert(0, Notice("hint", fact, "Nothing is sent until someone approves it.", [Link("Decide", page)]))
    return shown


def _asked_before(asked: SpendRequest) -> Notice:
    """The form of a request that waits no longer was sent once more."""
    match asked.state:
        case SpendRequest.State.DECLINED:
            word = f": “{asked.word}”" if asked.word else "."
            fact = f"{asked.decided_by or 'Someone'} declined this ${asked.price}{word}"
        case SpendRequest.State.WITHDRAWN:
            fact = f"The request for this ${asked.price} was cancelled."
        case _:
            fact = f"The request for this ${asked.price} expired without a decision."
    consequence = "Nothing new was requested, sent or charged. Change the order, or ask again to make a new request."
    return Notice("warn", fact, consequence, [Link("See it", reverse("requests.show", args=[asked.pk]))])


def _notice(asked: SpendRequest) -> Notice | None:
    page = reverse("requests.show", args=[asked.pk])
    recently = timezone.now() - SHOWN_FOR
    if asked.is_open:
        fact = f"You asked to spend ${asked.price} on {asked.title}."
        consequence = "Nothing is sent or reserved until someone approves it."
    elif asked.decided_at is None or asked.decided_at < recently or asked.decided_by_id == asked.person_id:
        return None
    elif asked.state == SpendRequest.State.GRANTED:
        if asked.job is None or asked.job.has_ended:
            return None
        fact, consequence = f"{asked.decided_by} approved ${asked.job.price}.", f"{asked.title} is in the queue."
        page = reverse("jobs.show", args=[asked.job.pk])
    else:
        fact = f"{asked.decided_by} declined ${asked.price}."
        consequence = f"“{asked.word}” Nothing was sent." if asked.word else "Nothing was sent."
    return Notice("hint", fact, consequence, [Link("See it", page)])
