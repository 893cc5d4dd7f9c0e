"""Roles and what each can do: one table, read by the views and printed on the Team page.

Each role can do what the roles below it can, and the acts beside it. An owner can do everything.
"""

from enum import StrEnum

from django.db.models import TextChoices


class Role(TextChoices):
    """From the least to the most."""

    VIEWER = "viewer", "Viewer"
    CREATOR = "creator", "Creator"
    ADMIN = "admin", "Admin"
    OWNER = "owner", "Owner"


class Act(StrEnum):
    """An act that a member of a team can be allowed; the value is how the Team page says it."""

    VIEW = "See videos, jobs and uploads"
    COMMENT = "Comment and reply"
    MAKE = "Add uploads and make videos"
    DECIDE = "Decide about unconfirmed videos"
    ORGANISE = "Rename, tag, collect and bin"
    SHARE = "Share links"
    TOKENS = "Use the API"
    SPENDING = "See everyone's spending"
    APPROVE = "Approve videos"
    GRANT = "Approve spend requests and set caps"
    INVITE = "Invite and remove people"
    ACTIVITY = "See the activity"
    SENDING = "Stop all sending"
    WEBHOOKS = "Set the webhook"
    SECURITY = "Require a second factor"
    ROLES = "Change roles and transfer the team"
    KEY = "Set the provider key"


_ADDS: dict[Role, frozenset[Act]] = {
    Role.VIEWER: frozenset({Act.VIEW, Act.COMMENT}),
    Role.CREATOR: frozenset({Act.MAKE, Act.DECIDE, Act.ORGANISE, Act.SHARE, Act.TOKENS}),
    Role.ADMIN: frozenset({Act.SPENDING, Act.APPROVE, Act.GRANT, Act.INVITE, Act.ACTIVITY, Act.SENDING}),
    Role.OWNER: frozenset({Act.WEBHOOKS, Act.SECURITY, Act.ROLES, Act.KEY}),
}
MAY: dict[Role, frozenset[Act]] = {
    role: frozenset().union(*(_ADDS[lower] for lower in list(Role)[: rank + 1])) for rank, role in enumerate(Role)
}


def may(role: str, act: Act) -> bool:
    """True if this role can do this; a role that does not exist is allowed nothing."""
    return role in MAY and act in MAY[Role(role)]


def roles_with(act: Act) -> list[Role]:
    """The roles that can do this, for a query."""
    return [role for role in Role if act in MAY[role]]


def roles_to_invite(role: str) -> tuple[Role, ...]:
    """The roles that this role can invite to: below its own, and never to own the team. The usual one first."""
    below = {"owner": (Role.CREATOR, Role.VIEWER, Role.ADMIN), "admin": (Role.CREATOR, Role.VIEWER)}
    return below.get(role, ())
