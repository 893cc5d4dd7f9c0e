"""Sentences of the review: what is refused, and what people are notified of."""

from wanstudio.review.models import MAX_NOTE, MAX_TEXT, Verdict

TEXT_MISSING = "A comment needs a word. Nothing was sent."
TEXT_TOO_LONG = f"A comment has at most {MAX_TEXT:,} signs. It was not sent."
NAME_MISSING = "A comment needs your name. Nothing was sent."
TIME_UNREADABLE = "A time reads like 0:03.4. The comment was not sent."
NOT_DECIDED = f"Nothing was decided: choose Approve or Needs work, with a note of at most {MAX_NOTE} signs."
TOO_MANY_COMMENTS = "That is a lot at once. Wait a few minutes, then send it again."
MENTIONED = "{name} mentions you on “{title}”."
COMMENTED = "{name} comments on “{title}”."
ANSWERED = "{name} answers on “{title}”."
DECIDED = {
    Verdict.Decision.APPROVED: "“{title}” is approved, says {name}.",
    Verdict.Decision.NEEDS_WORK: "“{title}” needs work, says {name}.",
}
