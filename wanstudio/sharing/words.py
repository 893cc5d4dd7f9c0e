"""Sentences of shared pages and of the options of a link."""

from wanstudio.sharing.models import ShareLink

WRONG_PASSWORD = "This is not the password."  # noqa: S105 (a sentence)
TOO_MANY_GUESSES = "Too many tries from here. Wait ten minutes, then try again."
PASSWORD_UNUSABLE = "A password cannot hold this sign."  # noqa: S105 (a sentence)
LAST_DAY_MISSING = "Choose the last day."
LAST_DAY_OVER = "This day is over. Choose today or a later one."
LAST_DAY_TOO_FAR = "Choose a day before the year 9000, or Never."


def title_for_team(link: ShareLink) -> str:
    """A private collection has no name for the others of the team."""
    return "a private collection" if link.is_of_private_collection else link.title
