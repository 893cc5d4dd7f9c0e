"""The people of the access table: four members, an owner of another team, a former member, a guest, and nobody."""

from collections.abc import Iterable

OWNER, ADMIN, CREATOR, VIEWER = "owner", "admin", "creator", "viewer"
ELSEWHERE, REMOVED, GUEST, NOBODY = "elsewhere", "removed", "guest", "nobody"
Who = frozenset[str]


def _who(*names: str) -> Who:
    return frozenset(names)


OWNERS = _who(OWNER)
ADMINS = OWNERS | {ADMIN}
CREATORS = ADMINS | {CREATOR}
MEMBERS = CREATORS | {VIEWER}
# Of pages about one's own team: who owns another one finds theirs.
OTHERS = _who(ELSEWHERE)
# In no team, but with an account.
PERSONS = MEMBERS | {ELSEWHERE, REMOVED}
EVERYBODY = PERSONS | {GUEST, NOBODY}
NO_ONE: Who = frozenset()
# Whom nothing of the team may reach.
OUTSIDE = _who(ELSEWHERE, REMOVED, GUEST, NOBODY)


def in_order(who: Iterable[str]) -> list[str]:
    order = [OWNER, ADMIN, CREATOR, VIEWER, ELSEWHERE, REMOVED, GUEST, NOBODY]
    return sorted(who, key=order.index)
