"""Notifications about spend requests: each is written in the transaction of the verb that it is about."""

from django.conf import settings
from django.urls import reverse

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.notifications.models import Kind
from wanstudio.notifications.verbs import Event, Post, notify, post_to_webhook
from wanstudio.requests.models import SpendRequest


def notify_approvers(asked: SpendRequest) -> None:
    """Each by a link of their own, in the caller's transaction. Who asks gets none of their own."""
    record(act="spend.requested", team=asked.team, person=asked.person, about=_about(asked), on=asked)
    word = f"“{asked.note}” " if asked.note else ""
    _post("spend.requested", asked, f"{asked.person} asks to spend ${asked.price} for {asked.title}. {word}")
    for person in asked.approvers().exclude(pk=asked.person_id):
        detail = (
            f"{word}{asked.title}, {asked.resolution}, beyond the monthly cap. Nothing is spent until somebody "
            f"allows it; the link is for you alone, works once, and until {asked.expires_at:%-d %b, %H:%M} UTC."
        )
        title = f"{asked.person} asks to spend ${asked.price}"
        path = reverse("requests.by_mail", args=[asked.token_for(person)])
        notify([person], Event(asked.team, Kind.SPEND, f"spend request {asked.pk}", title, detail, path=path))


def notify_asker(asked: SpendRequest, by: User) -> None:
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
