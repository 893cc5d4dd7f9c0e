"""The words of the mails that tell people what happened, and how they are stopped."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse

from wanstudio.accounts.models import User
from wanstudio.notifications.models.mail_choices import DAILY, unsubscribe_token
from wanstudio.teams.models import Team
from wanstudio.teams.second_factor_rule import may_enter
from wanstudio.web.row_links import address_of
from wanstudio.work.mails import post_mail

if TYPE_CHECKING:
    from wanstudio.notifications.models.notification import Notification


def at_once(told: "Notification") -> None:
    """One mail about one event, in the caller's transaction. A mailbox gets no words of a team that is closed to it."""
    if not may_enter(told.person, told.team):
        return _post(told.person, told.kind, f"News in {told.team}", f"{_closed(told.team, 1)}\n")
    text = f"{_words(told)}\n\n{address_of(told.path)}\n"
    return _post(told.person, told.kind, told.title.rstrip("."), text)


def digest(person: User, news: Sequence["Notification"]) -> None:
    """One mail about all of these, the oldest first, in the caller's transaction."""
    count = f"{len(news)} {'piece' if len(news) == 1 else 'pieces'} of news"
    closed = {team for team in {told.team for told in news} if not may_enter(person, team)}
    parts = [f"{_words(told)}\n{address_of(told.path)}" for told in news if told.team not in closed]
    for team in sorted(closed, key=str):
        parts.append(_closed(team, sum(told.team == team for told in news)))
    _post(person, DAILY, f"Your day in the studio: {count}", "\n\n".join(parts) + "\n")


def _closed(team: Team, count: int) -> str:
    """For who has no second factor, and so may see nothing of this team before they have one."""
    what = "Something" if count == 1 else f"{count} things"
    return (
        f"{what} happened in {team}. Sign in to see it. The team asks for a second factor at sign-in, and you have "
        f"none yet, so this mail says no more.\n{address_of(reverse('studio.index'))}"
    )


def _words(told: "Notification") -> str:
    """A line each: what somebody wrote, a guest even, must not look like a part of the mail."""
    return "\n".join(" ".join(text.split()) for text in (told.title, told.detail) if text.strip())


def _post(person: User, what: str, subject: str, text: str) -> None:
    if not settings.EMAIL_URL:
        return
    stop = address_of(reverse("unsubscribe", args=[unsubscribe_token(person, what)]))
    choose = address_of(reverse("notifications.choices"))
    post_mail(
        to=person.email,
        subject=subject,
        text=f"{text}\n-- \nStop these mails: {stop}\nChoose what is mailed: {choose}\n",
        headers={"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    )
