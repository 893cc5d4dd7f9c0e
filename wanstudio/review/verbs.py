"""Review verbs: comments are written, changed and closed, a video is approved or needs work.

Each writes in one transaction with its activity, notifications and webhook posts: a crash leaves all of it or nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.notifications.models import Kind
from wanstudio.notifications.verbs import Event, notify, post_to_webhook
from wanstudio.review import words
from wanstudio.review.drawings import Shape
from wanstudio.review.models import MAX_NAME, MAX_NOTE, MAX_TEXT, Comment, Mention, Verdict
from wanstudio.review.queries import approval_of, standing_verdict
from wanstudio.videos.models import Video
from wanstudio.web.addresses import address_of, path_to

# The same words again within this time are a second click, not a second comment.
ECHO = timedelta(seconds=5)


@dataclass(frozen=True)
class Said:
    """Times in seconds; a reply to `parent` has none, nor a drawing, and is as internal as what it answers."""

    text: str
    at_s: float | None = None
    until_s: float | None = None
    parent: Comment | None = None
    internal: bool = False
    drawing: Sequence[Shape] = ()


@dataclass(frozen=True)
class Guest:
    """A person without an account: the name that they gave, and the share link that they used."""

    name: str
    link_id: int | None = None


def add_comment(video: Video, said: Said, by: User | Guest) -> Comment:
    """A reply to a reply goes beneath the same comment. Only members mention, and only they write internal ones."""
    parent = said.parent.parent or said.parent if said.parent else None
    at_s, until_s = (None, None) if parent else _within(video, said)
    author, guest = (by, Guest("")) if isinstance(by, User) else (None, by)
    facts: dict[str, object] = {"video": video, "author": author, "guest": guest.name[:MAX_NAME], "parent": parent}
    facts |= {"text": said.text[:MAX_TEXT], "at_s": at_s, "until_s": until_s}
    facts["is_internal"] = parent.is_internal if parent else said.internal and author is not None
    # Without a frame there is no picture that it could be drawn on.
    facts["drawing"] = list(said.drawing) if at_s is not None else []
    with transaction.atomic():
        recent = Comment.objects.filter(deleted_at=None, created_at__gt=timezone.now() - ECHO)
        if echo := recent.filter(**facts).first():
            return echo
        comment = Comment.objects.create(**facts, link_id=guest.link_id, team=video.team)
        _record("comment.made", comment, author)
        _mention(comment)
        _notify_thread(comment)
        return comment


def edit_comment(comment: Comment, said: Said) -> None:
    at_s, until_s = (None, None) if comment.parent_id else _within(comment.video, said)
    with transaction.atomic():
        _change(comment, text=said.text[:MAX_TEXT], at_s=at_s, until_s=until_s, edited_at=Now())
        comment.refresh_from_db(fields=["text"])
        _mention(comment)


def resolve_comment(comment: Comment, person: User, *, done: bool) -> None:
    """Marked as done (the first one counts), or reopened."""
    with transaction.atomic():
        changes = {"resolved_at": Now(), "resolved_by": person} if done else {"resolved_at": None, "resolved_by": None}
        if _change(comment, Q(resolved_at__isnull=done), **changes):
            _record("comment.resolved" if done else "comment.reopened", comment, person)


def delete_comment(comment: Comment, person: User) -> None:
    """The words are deleted for good; the row is kept to update open pages."""
    with transaction.atomic():
        if _change(comment, deleted_at=Now(), text="", drawing=[]):
            Mention.objects.filter(comment=comment).delete()
            _record("comment.deleted", comment, person)


def _within(video: Video, said: Said) -> tuple[float | None, float | None]:
    """The beginnings of the frames at these times, the earlier first; an end without a beginning is a moment."""
    times = sorted(min(max(time, 0.0), video.duration) for time in (said.at_s, said.until_s) if time is not None)
    if timing := video.timing:
        times = sorted({timing.start(timing.at(time)) for time in times})
    elif len(times) == 2 and times[1] - times[0] < 0.05:
        times.pop()
    return (times[0] if times else None), (times[1] if len(times) > 1 else None)


def _change(comment: Comment, *only: Q, **changes: object) -> int:
    """How many rows that was: none for a deleted one."""
    return Comment.objects.filter(*only, pk=comment.pk, deleted_at=None).update(changed_at=Now(), **changes)


def _record(act: str, comment: Comment, person: User | None) -> None:
    """Records author and subject, never the words: comments can be deleted, and activities cannot."""
    title = comment.video.job.title
    about = title if person == comment.author else f"{title}, by {comment.name}"
    record(act, team=comment.team_id, person=person or f"{comment.name} (guest)", about=about, on=comment.video)


def _mention(comment: Comment) -> None:
    if comment.author:
        people = mentioned(comment.text, list(comment.team.members.order_by("pk")))
        Mention.objects.filter(comment=comment).exclude(person__in=people).delete()
        rows = [Mention(comment=comment, person=person) for person in people]
        Mention.objects.bulk_create(rows, ignore_conflicts=True)
        title = words.MENTIONED.format(name=comment.name, title=comment.video.job.title)
        _notify(comment, Kind.MENTIONED, {person.pk for person in people}, title)


def mentioned(text: str, people: list[User]) -> list[User]:
    """The people mentioned by @: by the whole name, or by a first name that only one of them has."""
    found = []
    firsts = [str(person).split(maxsplit=1)[0].casefold() for person in people]
    for person, first in zip(people, firsts, strict=True):
        names = {str(person)} | ({first} if firsts.count(first) == 1 else set())
        # Not within a word, as in an e-mail address, and not the beginning of a longer name.
        pattern = rf"(?<!\w)@(?:{'|'.join(map(re.escape, names))})(?!\w)"
        if re.search(pattern, text, re.IGNORECASE):
            found.append(person)
    return found


def _notify_thread(comment: Comment) -> None:
    """The maker of the video and the authors in this thread, without people who are mentioned."""
    people = {comment.video.job.person_id}
    if comment.parent_id:
        thread = Comment.objects.filter(Q(pk=comment.parent_id) | Q(parent=comment.parent_id))
        people |= set(thread.exclude(author=None).values_list("author_id", flat=True))
    people -= set(comment.mentioned.values_list("person_id", flat=True))
    said, page = words.ANSWERED if comment.parent_id else words.COMMENTED, address_of(_path(comment))
    title = said.format(name=comment.name, title=comment.video.job.title)
    _notify(comment, Kind.COMMENT, people, title)
    if comment.is_internal:
        # Guests of the team often read the channel of a webhook.
        return
    data = {"comment": comment.pk, "video": comment.video_id, "person": comment.name, "text": comment.text}
    data |= {"at_s": comment.at_s, "until_s": comment.until_s, "guest": comment.author is None, "url": page}
    text = f"{title} “{comment.text}” {page}"
    post_to_webhook(comment.team, "comment.made", f"comment {comment.pk}", text, data)


def _notify(comment: Comment, kind: Kind, people: set[int], title: str) -> None:
    key = f"comment {comment.pk} mentions" if kind == Kind.MENTIONED else f"comment {comment.pk}"
    event = Event(comment.team, kind, key, title, comment.text, path=_path(comment))
    notify(people - {comment.author_id or 0}, event)


def _path(comment: Comment) -> str:
    where = f"?t={comment.at_s:.3f}" if comment.at_s is not None else ""
    return f"{path_to(comment.video)}{where}#comment-{comment.pk}"


def decide(video: Video, person: User, decision: str, note: str = "") -> None:
    """The same decision and note again writes nothing."""
    standing, job = standing_verdict(video), video.job
    before = (standing.decision, standing.note) if standing else (Verdict.Decision.OPEN, "")
    if before == (decision, note[:MAX_NOTE]):
        return
    with transaction.atomic():
        # Locks the row: of two decisions at once the later verdict is the one that counts.
        Video.objects.filter(pk=video.pk).update(approval=approval_of(decision))
        verdict = Verdict.objects.create(
            video=video, person=person, decision=Verdict.Decision(decision), note=note[:MAX_NOTE]
        )
        record(f"verdict.{decision}", team=job.team_id, person=person, about=job.title, on=video)
        if decision == Verdict.Decision.OPEN:
            return
        title = words.DECIDED[Verdict.Decision(decision)].format(title=job.title, name=person)
        page, key = address_of(path_to(video)), f"verdict {verdict.pk}"
        data = {"video": video.pk, "title": job.title, "person": str(person), "note": verdict.note, "url": page}
        post_to_webhook(job.team_id, f"video.{decision}", key, f"{title} {verdict.note} {page}", data)
        if job.person_id != person.pk:
            notify([job.person_id], Event(job.team_id, Kind.VERDICT, key, title, verdict.note, on=video))
