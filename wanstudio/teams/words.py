"""Sentences of the team: its people, its invitations, its second factor, and the first run."""

from wanstudio.teams.models import Invitation

LAST_OWNER = "A team needs an owner: make somebody else one first. Nothing was changed."
GONE = "They have left in the meantime. Nothing was changed."
NAMELESS = "A team needs a name of at most 100 letters. Nothing was changed."
FACTOR_FIRST = "Set up a second factor for yourself first. Nothing was changed."
FACTOR_NEEDED = "From now on everybody here signs in with a second factor."
FACTOR_NOT_NEEDED = "A password is enough again."
IN_ALREADY = "They are in the team already."
REVOKED = "The invitation is taken back. Its link has ended."
KNOWN_ADDRESS = "Somebody with this address has an account here. Sign in with it, and join then."
CODE_HELP = (
    "The studio printed it where it was started, in its log. Or make the owner on that machine: manage.py createowner "
    "--email you@example.com --team “Your team”."
)
WRONG_CODE = "This is not the code that “make run” printed. Nothing was set up; copy it again."
FOUNDED = "“{team}” is founded. You own it; invite its people."
WELCOME = "You are in. Welcome to {team}."
ROLE_CHANGED = "{user} is {role} now."
OWNS_TOO = "{user} owns the team, too."
OWNS_NOW = "{user} owns the team now. You are admin."
LEFT = "You have left “{team}”. What you made stays there."
REMOVED = "{user} is out of the team. What they made stays."
CLOSED = "Closed: {count} of their links, invitations and tokens."
INVITATION = "Invitation of {to}"
TOO_MANY_OPEN = "{limit} invitations are open. Take some back first."


def invitation_mail(invitation: Invitation, url: str) -> tuple[str, str]:
    """Subject and text."""
    return f"Join {invitation.team} on Wan Studio", (
        f"{invitation.invited_by} invites you to the team “{invitation.team}” on Wan Studio, as "
        f"{invitation.get_role_display().lower()}.\n\nJoin here, until {invitation.expires_at:%-d %b}:\n\n{url}\n\n"
        "If you did not expect this, do nothing.\n"
    )
