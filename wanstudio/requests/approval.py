"""Who is told of a request to spend, the link in their mail, and what the one who asked sees of it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.jobs.attention import Link, Notice
from wanstudio.money.queries import Whose, rooms, tightest
from wanstudio.money.quoting import quote_today
from wanstudio.notifications.models.mail_choices import Kind
from wanstudio.notifications.verbs.notify import Event, notify
from wanstudio.notifications.verbs.webhook_changes import Post, post_to_webhook
from wanstudio.requests.models import LASTS, SpendRequest
from wanstudio.requests.queries import visible_requests
from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act, Role

SALT = "spend request"
# How long a decision stands on the page of who asked.
TOLD_FOR = timedelta(days=2)
MOST_TOLD = 3
MOST_WAITING = 20


def tell_approvers(asked: SpendRequest) -> None:
    """Each by a link of their own, in the caller's transaction. Who asks is not told of their own."""
    record(act="spend.requested", team=asked.team, person=asked.person, about=_about(asked), on=asked)
    word = f"“{asked.note}” " if asked.note else ""
    _post("spend.requested", asked, f"{asked.person} asks to spend ${asked.price} for {asked.title}. {word}")
    for person in asked.approvers().exclude(pk=asked.person_id):
        detail = (
            f"{word}{asked.title}, {asked.resolution}, beyond the monthly cap. Nothing is spent until somebody "
            f"allows it; the link is for you alone, works once, and until {asked.expires_at:%-d %b, %H:%M} UTC."
        )
        title = f"{asked.person} asks to spend ${asked.price}"
        path = reverse("requests.by_mail", args=[token_for(asked, person)])
        notify([person], Event(asked.team, Kind.SPEND, f"spend request {asked.pk}", title, detail, path=path))


def tell_who_asked(asked: SpendRequest, by: User) -> None:
    """What became of it, unless they decided it themselves."""
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
    after = f"{asked.title} is on its way." if granted else f"{asked.title}. Nothing was sent or charged."
    title = f"{by} {'allowed' if granted else 'declined'} ${asked.job.price if asked.job else asked.price}"
    key = f"spend request {asked.pk} decided"
    notify([asked.person], Event(asked.team, Kind.DECIDED, key, title, word + after, on=asked.job or asked))


def _post(kind: str, asked: SpendRequest, text: str) -> None:
    """To the team's webhook; the link leads to the team's page and decides nothing by itself."""
    page = settings.LINK_BASE + reverse("team.show")
    data = {"request": asked.pk, "person": str(asked.person), "title": asked.title, "price": str(asked.price)}
    post_to_webhook(asked.team, Post(kind, f"{kind} {asked.pk}", f"{text.strip()} {page}", data | {"url": page}))


def _about(asked: SpendRequest) -> str:
    return f"${asked.price} of {asked.person} for {asked.title}"


def token_for(asked: SpendRequest, person: User) -> str:
    return signing.dumps([asked.pk, person.pk], salt=SALT)


def by_token(token: str) -> tuple[SpendRequest, User]:
    """The request and the approver that a mail's link names. 404 for a forged one, and for who may no longer decide."""
    try:
        pk, person_pk = signing.loads(token, salt=SALT, max_age=LASTS)
    except signing.BadSignature:
        raise Http404("no such link") from None
    asked = SpendRequest.objects.select_related("team", "person", "character", "motion", "decided_by").filter(pk=pk)
    found = asked.first()
    person = found.approvers().filter(pk=person_pk).first() if found else None
    if found is None or person is None:
        raise Http404("no such request, or not for this person")
    return found, person


def waiting(request: HttpRequest, team: Team) -> list[dict[str, Any]]:
    """What waits for this person's decision, the oldest first: the request, its `price` of today, what is `over`."""
    if not access.may(request, team, Act.GRANT):
        return []
    person, role = access.person(request), access.role(request, team)
    rows = SpendRequest.objects.open().filter(team=team).select_related("person", "character", "motion").order_by("pk")
    if role != Role.OWNER:
        rows = rows.exclude(person=person)
    return [_waiting(team, asked) for asked in rows[:MOST_WAITING]]


def _waiting(team: Team, asked: SpendRequest) -> dict[str, Any]:
    quote = quote_today(asked.motion.duration or 0, asked.resolution)
    room = tightest(rooms(team, asked.person, asked.provider))
    whose = "their" if room and room.whose == Whose.OWN else "the team’s"
    return {"asked": asked, "quote": quote, "over": room.over(quote.price) if room else None, "whose": whose}


def asked_notices(request: HttpRequest, team: Team, *, just_told: SpendRequest | None = None) -> list[Notice]:
    """What this person has asked for here: what waits, and what was decided lately.

    `just_told`: what the form that they have just sent had asked before; it is told first, in more words.
    """
    mine = visible_requests(request).filter(team=team, person=access.person(request)).order_by("-pk")
    told = [notice for asked in mine[:MOST_TOLD] if asked != just_told and (notice := _notice(asked))]
    if just_told:
        told.insert(0, _asked_before(just_told))
    others = [one["asked"] for one in waiting(request, team) if one["asked"].person != access.person(request)]
    if others:
        total = sum((asked.price for asked in others), Decimal(0))
        who = " and ".join(sorted({str(asked.person) for asked in others})[:2])
        fact = f"${total} asked for by {who}." if len(others) > 1 else f"{who} asks to spend ${total}."
        page = reverse("team.show") if len(others) > 1 else reverse("requests.show", args=[others[0].pk])
        told.insert(0, Notice("hint", fact, "Nothing is sent until somebody allows it.", [Link("Decide", page)]))
    return told


def _asked_before(asked: SpendRequest) -> Notice:
    """The form of a request that waits no longer was sent once more."""
    match asked.state:
        case SpendRequest.State.DECLINED:
            word = f": “{asked.word}”" if asked.word else "."
            fact = f"{asked.decided_by or 'Somebody'} has declined this ${asked.price}{word}"
        case SpendRequest.State.WITHDRAWN:
            fact = f"The request for this ${asked.price} is withdrawn."
        case _:
            fact = f"Nobody decided about this ${asked.price} in time."
    consequence = (
        "Nothing was asked, sent or charged just now. Change something, or ask once more: that is a new request."
    )
    return Notice("warn", fact, consequence, [Link("See it", reverse("requests.show", args=[asked.pk]))])


def _notice(asked: SpendRequest) -> Notice | None:
    page = reverse("requests.show", args=[asked.pk])
    if asked.is_open:
        consequence = "Nothing is sent or reserved until somebody allows it."
        return Notice(
            "hint", f"You asked to spend ${asked.price} on {asked.title}.", consequence, [Link("See it", page)]
        )
    if asked.decided_at is None or asked.decided_at < timezone.now() - TOLD_FOR or asked.decided_by == asked.person:
        return None
    if asked.state == SpendRequest.State.GRANTED:
        if asked.job is None or asked.job.has_ended:
            return None
        job = reverse("jobs.show", args=[asked.job.pk])
        return Notice(
            "hint",
            f"{asked.decided_by} allowed ${asked.job.price}.",
            f"{asked.title} is on its way.",
            [Link("See it", job)],
        )
    word = f"“{asked.word}” " if asked.word else ""
    return Notice(
        "hint", f"{asked.decided_by} declined ${asked.price}.", f"{word}Nothing was sent.", [Link("See it", page)]
    )
