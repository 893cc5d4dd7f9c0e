"""Sentences of the review: what is refused, and what people are notified of."""

from wanstudio.review.models import MAX_NOTE, MAX_TEXT, Verdict

TEXT_MISSING = "Write a comment first. Nothing was sent."
TEXT_TOO_LONG = f"A comment has at most {MAX_TEXT:,} characters. It was not sent."
NAME_MISSING = "Enter your name. Nothing was sent."
TIME_UNREADABLE = "Enter a time such as 0:03.4. The comment was not sent."
DRAWING_UNREADABLE = "The drawing cannot be read. Draw it again. The comment was not sent."
NOT_DECIDED = f"Nothing was decided: choose Approve or Needs work, with a note of at most {MAX_NOTE} characters."
TOO_MANY_COMMENTS = "Too many comments. Wait a few minutes, then send it again."
MENTIONED = "{name} mentioned you in “{title}”."
COMMENTED = "{name} commented on “{title}”."
ANSWERED = "{name} replied on “{title}”."
DECIDED = {
    Verdict.Decision.APPROVED: "{name} approved “{title}”.",
    Verdict.Decision.NEEDS_WORK: "{name} requested changes to “{title}”.",
}
