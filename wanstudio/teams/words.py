"""Sentences of the team: its people, its invitations, its second factor, and the first run."""

from wanstudio.teams.models import Invitation

LAST_OWNER = "A team needs an owner. Make someone else an owner first. Nothing was changed."
GONE = "This person has already left. Nothing was changed."
NAMELESS = "Enter a team name of at most 100 characters. Nothing was changed."
FACTOR_FIRST = "Set up a second factor for yourself first. Nothing was changed."
FACTOR_NEEDED = "Everyone in this team now needs a second factor."
FACTOR_NOT_NEEDED = "A second factor is no longer required."
IN_ALREADY = "This person is already in the team."
REVOKED = "The invitation is cancelled. Its link no longer works."
KNOWN_ADDRESS = "This address already has an account. Sign in, then join."
CODE_HELP = (
    "The studio printed it in its log when it started. Or create the owner on that machine: manage.py createowner "
    "--email you@example.com --team “Your team”."
)
WRONG_CODE = "Wrong code. Copy it again from the output of “make run”. Nothing was set up."
FOUNDED = "“{team}” is created. You are its owner; invite people."
WELCOME = "Welcome to {team}."
ROLE_CHANGED = "{user} is now {role}."
OWNS_TOO = "{user} is now an owner, too."
OWNS_NOW = "{user} is now the owner. You are an admin."
LEFT = "You have left “{team}”. What you made stays in the team."
REMOVED = "{user} was removed from the team. What they made stays."
CLOSED = "Closed: {count} of their links, invitations and tokens."
INVITATION = "Invitation of {to}"
TOO_MANY_OPEN = "{limit} invitations are open. Cancel some first."


def invitation_mail(invitation: Invitation, url: str) -> tuple[str, str]:
    """Subject and text."""
    return f"Join {invitation.team} on Wan Studio", (
        f"{invitation.invited_by} invites you to the team “{invitation.team}” on Wan Studio, as "
        f"{invitation.get_role_display().lower()}.\n\nJoin here by {invitation.expires_at:%-d %b}:\n\n{url}\n\n"
        "If you did not expect this, ignore this mail.\n"
    )
