"""Access that a member has opened and that continues without them: links, invitations, tokens."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from wanstudio.accounts.models import User
from wanstudio.teams.models import Membership, Team


@dataclass(frozen=True)
class Opened:
    """`maker` is the id of a user, `key` its name in a form. `outlives`: it continues after its maker has left."""

    maker: int
    key: str
    title: str
    made_at: datetime
    close: Callable[[User | None], None]
    outlives: bool = False


# Each lists what is open in this team and was opened by these people. Put in by the nouns that have it.
listings: list[Callable[[Team, Collection[int]], Iterable[Opened]]] = []


def opened_by(team: Team, people: Collection[int]) -> dict[int, list[Opened]]:
    """By the id of each of these people."""
    found: dict[int, list[Opened]] = {pk: [] for pk in people}
    for listing in listings if people else []:
        for opened in listing(team, people):
            found[opened.maker].append(opened)
    return found


def opened_of(membership: Membership) -> list[Opened]:
    return opened_by(membership.team, [membership.user_id])[membership.user_id]
