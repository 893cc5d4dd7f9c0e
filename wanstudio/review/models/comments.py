"""What people say about a video: at a moment, over a range of seconds, or about all of it."""

import re
from datetime import timedelta
from typing import ClassVar

from django.db import models, transaction
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.notifications.models.mail_choices import Kind
from wanstudio.notifications.verbs.notify import Event, notify
from wanstudio.notifications.verbs.webhook_changes import Post, post_to_webhook
from wanstudio.sharing.models import ShareLink
from wanstudio.teams.models import Team
from wanstudio.videos.models.video import Video
from wanstudio.web.page_links import address_of, path_to

LONGEST = 4000
# The same words again within this time are a second click, not a second comment.
ECHO = timedelta(seconds=5)


class Comments(models.Manager["Comment"]):
    def say(
        self,
        video: Video,
        text: str,
        *,
        author: User | None = None,
        guest: str = "",
        link: ShareLink | None = None,
        at_s: float | None = None,
        until_s: float | None = None,
        parent: "Comment | None" = None,
    ) -> "Comment":
        """A comment of a member's, or of a guest's with this name. A reply to a reply goes beneath the same comment.

        Times are brought into the video and into order; a reply has none. Only members mention.
        Crash: it is there with its mentions, or not at all.
        """
        parent = parent.parent or parent if parent else None
        at_s, until_s = (None, None) if parent else _within(video.duration, at_s, until_s)
        said = {"video": video, "author": author, "guest": guest[:60], "parent": parent, "text": text[:LONGEST]}
        with transaction.atomic():
            same = self.filter(**said, at_s=at_s, until_s=until_s, deleted_at=None)
            if echo := same.filter(created_at__gt=timezone.now() - ECHO).first():
                return echo
            made = self.create(**said, link=link, team=video.job.team, at_s=at_s, until_s=until_s)
            made._note("comment.made", author)
            made._mention()
            made._tell()
            return made


class Comment(models.Model):
    """Deleted ones keep their place while they have replies, without their words."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="comments")
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="comments")
    guest = models.CharField(max_length=60, blank=True, help_text="The name a guest gave; members have an author.")
    link = models.ForeignKey(
        ShareLink, null=True, blank=True, on_delete=models.SET_NULL, related_name="comments", help_text="A guest's."
    )
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="replies")
    at_s = models.FloatField(null=True, blank=True, help_text="Seconds; null: about all of it.")
    until_s = models.FloatField(null=True, blank=True, help_text="Seconds, the end of a range.")
    text = models.TextField(max_length=LONGEST)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now, help_text="Whatever about it; open pages ask for it.")
    edited_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    deleted_at = models.DateTimeField(null=True)
    mentions = models.ManyToManyField(User, through="Mention", related_name="mentioned_in")

    objects: ClassVar[Comments] = Comments()

    class Meta:
        indexes = [models.Index(fields=["video", "at_s"], name="comment_in_order")]

    def __str__(self) -> str:
        return f"comment {self.pk} on video {self.video_id}"

    @property
    def name(self) -> str:
        return str(self.author) if self.author else self.guest or "Guest"

    @property
    def initial(self) -> str:
        return self.name[:1].upper()

    @property
    def colour(self) -> str:
        """The avatar's class. Guests share one that no member has."""
        return self.author.colour if self.author else "guest"

    def edit(self, text: str, at_s: float | None, until_s: float | None) -> None:
        at_s, until_s = (None, None) if self.parent_id else _within(self.video.duration, at_s, until_s)
        with transaction.atomic():
            self._change(text=text[:LONGEST], at_s=at_s, until_s=until_s, edited_at=Now())
            self.refresh_from_db(fields=["text"])
            self._mention()

    def resolve(self, person: User) -> None:
        """Done, by the first who says so."""
        with transaction.atomic():
            if self._change(models.Q(resolved_at=None), resolved_at=Now(), resolved_by=person):
                self._note("comment.resolved", person)

    def reopen(self, person: User) -> None:
        with transaction.atomic():
            if self._change(models.Q(resolved_at__isnull=False), resolved_at=None, resolved_by=None):
                self._note("comment.reopened", person)

    def remove(self, person: User) -> None:
        """The words are gone for good; the row tells open pages."""
        with transaction.atomic():
            if self._change(deleted_at=Now(), text=""):
                Mention.objects.filter(comment=self).delete()
                self._note("comment.deleted", person)

    def _change(self, *only: models.Q, **changes: object) -> int:
        """How many rows that was: none for a deleted one."""
        return Comment.objects.filter(*only, pk=self.pk, deleted_at=None).update(changed_at=Now(), **changes)

    def _note(self, act: str, person: User | None) -> None:
        """Whose words they are and what they were about, never the words: they can be deleted, and this cannot."""
        about = self.video.job.title if person == self.author else f"{self.video.job.title}, by {self.name}"
        record(
            act=act,
            team=self.team_id,
            person=person or f"{self.name} (guest)",
            about=about,
            on=self.video,
        )

    def _mention(self) -> None:
        if self.author:
            people = mentioned(self.text, list(self.team.members.order_by("pk")))
            Mention.objects.filter(comment=self).exclude(person__in=people).delete()
            rows = [Mention(comment=self, person=person) for person in people]
            Mention.objects.bulk_create(rows, ignore_conflicts=True)
            title = f"{self.name} mentions you on “{self.video.job.title}”."
            self._notify(Kind.MENTIONED, {person.pk for person in people}, f"comment {self.pk} mentions", title)

    def _tell(self) -> None:
        """Who made the video, and who speaks in this thread; who is mentioned has been told so."""
        thread = Comment.objects.filter(models.Q(pk=self.parent_id) | models.Q(parent=self.parent_id))
        people = {self.video.job.person_id}
        if self.parent_id:
            people |= set(thread.exclude(author=None).values_list("author_id", flat=True))
        people -= set(self.mentioned.values_list("person_id", flat=True))
        verb = "answers" if self.parent_id else "comments"
        title = f"{self.name} {verb} on “{self.video.job.title}”."
        self._notify(Kind.COMMENT, people, f"comment {self.pk}", title)
        page = address_of(self._path())
        data = {"comment": self.pk, "video": self.video_id, "person": self.name, "text": self.text}
        data |= {"at_s": self.at_s, "until_s": self.until_s, "guest": self.author is None, "url": page}
        text = f"{title} “{self.text}” {page}"
        post_to_webhook(self.team, Post("comment.made", f"comment {self.pk}", text, data))

    def _notify(self, kind: Kind, people: set[int], event: str, title: str) -> None:
        others = people - {self.author_id}
        notify(others, Event(self.team, kind, event, title, self.text, path=self._path()))

    def _path(self) -> str:
        where = f"?t={self.at_s:.3f}" if self.at_s is not None else ""
        return f"{path_to(self.video)}{where}#comment-{self.pk}"


class Mention(models.Model):
    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="mentioned")
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comment", "person"], name="one_mention_a_comment")]

    def __str__(self) -> str:
        return f"{self.person} in {self.comment}"


def mentioned(text: str, people: list[User]) -> list[User]:
    """Who of these is named after an @: by the whole name, or by a first name that only one of them has."""
    found = {}
    firsts = [str(person).split(maxsplit=1)[0].casefold() for person in people]
    for person, first in zip(people, firsts, strict=True):
        names = {str(person)} | ({first} if firsts.count(first) == 1 else set())
        # Not within a word, as in an e-mail address, and not the beginning of a longer name.
        pattern = rf"(?<!\w)@(?:{'|'.join(map(re.escape, names))})(?!\w)"
        if re.search(pattern, text, re.IGNORECASE):
            found[person.pk] = person
    return list(found.values())


def _within(duration: float, at_s: float | None, until_s: float | None) -> tuple[float | None, float | None]:
    """The times inside the video, the earlier first; an end without a beginning is a moment."""
    times = sorted(min(max(time, 0.0), duration) for time in (at_s, until_s) if time is not None)
    if len(times) == 2 and times[1] - times[0] < 0.05:
        times.pop()
    return (times[0] if times else None), (times[1] if len(times) > 1 else None)
