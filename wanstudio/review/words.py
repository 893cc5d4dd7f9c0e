"""Sentences of the review: what is refused, and what people are notified of."""

from wanstudio.review.models import MAX_NOTE, MAX_TEXT, Comment, Verdict

TEXT_MISSING = "A comment needs a word. Nothing was sent."
TEXT_TOO_LONG = f"A comment has at most {MAX_TEXT:,} signs. It was not sent."
NAME_MISSING = "A comment needs your name. Nothing was sent."
TIME_UNREADABLE = "A time reads like 0:03.4. The comment was not sent."
NOT_DECIDED = f"Nothing was decided: choose Approve or Needs work, with a note of at most {MAX_NOTE} signs."
TOO_MANY_COMMENTS = "That is a lot at once. Wait a few minutes, then send it again."


def mention_title(comment: Comment) -> str:
    return f"{comment.name} mentions you on “{comment.video.job.title}”."


def comment_title(comment: Comment) -> str:
    verb = "answers" if comment.parent_id else "comments"
    return f"{comment.name} {verb} on “{comment.video.job.title}”."


def decision_title(verdict: Verdict) -> str:
    verb = "is approved" if verdict.decision == Verdict.Decision.APPROVED else "needs work"
    return f"“{verdict.video.job.title}” {verb}, says {verdict.person}."
