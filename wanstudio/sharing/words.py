"""Sentences of shared pages and of the options of a link."""

WRONG_PASSWORD = "Wrong password."  # noqa: S105 (a sentence)
TOO_MANY_GUESSES = "Too many attempts. Wait ten minutes, then try again."
LOCKED_AGAIN = "Enter the password again. Your comment was not sent yet; it is still in the form."
LAST_DAY_MISSING = "Choose the last day."
LAST_DAY_OVER = "This day is in the past. Choose today or later."
LAST_DAY_TOO_FAR = "Choose a day before the year 9000, or Never."
LINK_TO = "Link to {title}"
# Other members see no name for it.
A_PRIVATE_COLLECTION = "a private collection"
