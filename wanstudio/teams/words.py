"""Sentences of the team: its people, its invitations, its second factor, and the first run."""

from enum import Enum

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


UNVERIFIED = (
    "{label} does not say that your email address is verified, and the studio accepts only verified ones. Verify it "
    "there, or ask the people who run it. Then try again."
)
NO_EMAIL = (
    "{label} sends no email address, and the studio knows people by it. Ask the people who run {label} to release it "
    "to this studio (scope “email”)."
)
OTHER_PERSON = (
    "A member here has your address and signs in with another account of {label}, so the studio does not let you in as "
    "this member."
)
ONLY_COMPANY = "In this studio only the owner signs in with a password or a passkey. You are not signed in."
AGAIN = (
    "This sign-in is older than ten minutes, was used already, or was begun in another browser. Nothing was changed."
)
NOT_VALID = (
    "The answer of {label} is not valid, so you are not signed in. The reason is in the studio’s log: ask the person "
    "who runs it."
)
AWAY = (
    "It did not answer, or its answer was not usable. Your videos and running jobs are not affected. Try again in a "
    "minute; the owner can sign in with a password."
)


class NotLetIn(Enum):
    """Reasons why the company's sign-in gives no session: the answer's status, a heading and a sentence."""

    NOT_INVITED = 403, "You are not invited yet", "{label} knows you, but no one in this studio has invited you."
    NO_TEAM = (
        403,
        "Your team does not exist",
        "The studio has no team with the name that is set for you, so you cannot join.",
    )
    UNVERIFIED = 403, "Your address is not verified", UNVERIFIED
    NO_EMAIL = 403, "Your address is missing", NO_EMAIL
    DISABLED = 403, "This account is disabled", "The person who runs this studio can enable it again."
    OTHER_PERSON = 403, "This address belongs to another account", OTHER_PERSON
    ONLY_COMPANY = 403, "Sign in with {label}", ONLY_COMPANY
    CANCELLED = 403, "You cancelled the sign-in", "Nothing was changed."
    AGAIN = 400, "Try again", AGAIN
    ANOTHER_SITE = 200, "Sign in?", "Another site sent you here. Continue only if you want to open this studio."
    NOT_VALID = 403, "The sign-in did not work", NOT_VALID
    AWAY = 503, "{label} cannot be reached", AWAY

    @property
    def status(self) -> int:
        return int(self.value[0])

    @property
    def asks_owner(self) -> bool:
        return self in (NotLetIn.NOT_INVITED, NotLetIn.NO_TEAM, NotLetIn.DISABLED, NotLetIn.OTHER_PERSON)

    @property
    def can_go_on(self) -> bool:
        """The person needs no one else for it."""
        return self in (NotLetIn.ONLY_COMPANY, NotLetIn.CANCELLED, NotLetIn.AGAIN, NotLetIn.ANOTHER_SITE, NotLetIn.AWAY)

    def said(self, label: str) -> tuple[str, str]:
        """Heading and sentence; a label that begins one begins with a capital."""
        heading, sentence = (part.format(label=label) for part in self.value[1:])
        return heading[:1].upper() + heading[1:], sentence[:1].upper() + sentence[1:]
