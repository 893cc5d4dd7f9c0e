"""Comments on a video, at a moment or over a range of seconds, and decisions about it: approved, or needs work."""

import json

from django.db import models
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.append_only import AppendOnlyModel
from wanstudio.review.drawings import described
from wanstudio.teams.models import Team
from wanstudio.videos.models import Video

MAX_TEXT = 4000
MAX_NAME = 60
MAX_NOTE = 500


class Comment(models.Model):
    """Deleted ones keep their place while they have replies, without their words."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="comments")
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="comments")
    guest = models.CharField(max_length=60, blank=True, help_text="The name a guest gave; members have an author.")
    link = models.ForeignKey(
        "ShareLink", null=True, blank=True, on_delete=models.SET_NULL, related_name="comments", help_text="A guest's."
    )
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="replies")
    at_s = models.FloatField(null=True, blank=True, help_text="Seconds; null: about all of it.")
    until_s = models.FloatField(null=True, blank=True, help_text="Seconds, the end of a range.")
    text = models.TextField(max_length=4000)
    is_internal = models.BooleanField(default=False, help_text="Of the team: guests never get it.")
    drawing = models.JSONField(
        default=list, blank=True, help_text="Shapes on the picture, as review/drawings.py reads them."
    )
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now, help_text="Any change of it; open pages ask for it.")
    edited_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    deleted_at = models.DateTimeField(null=True)
    mentions = models.ManyToManyField(User, through="Mention", related_name="mentioned_in")

    class Meta:
        indexes = [models.Index(fields=["video", "at_s"], name="comment_in_order")]

    def __str__(self) -> str:
        return f"comment {self.pk} on video {self.video_id}"

    @property
    def shapes(self) -> str:
        """The drawing for the page's script, which reads nothing from it but numbers; empty without one."""
        return json.dumps(self.drawing, separators=(",", ":")) if self.drawing else ""

    @property
    def drawing_words(self) -> str:
        return described(self.drawing)

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


class Mention(models.Model):
    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="mentioned")
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comment", "person"], name="one_mention_a_comment")]

    def __str__(self) -> str:
        return f"{self.person} in {self.comment}"


class Verdict(AppendOnlyModel):
    """Rows are only added; the newest of a video counts, and `open` revokes the one before it."""

    class Decision(models.TextChoices):
        APPROVED = "approved", "Approved"
        NEEDS_WORK = "needs_work", "Needs work"
        OPEN = "open", "Not decided yet"

    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="verdicts")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="verdicts")
    decision = models.CharField(max_length=12, choices=Decision.choices)
    note = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["video", "-id"], name="verdict_newest")]

    def __str__(self) -> str:
        return f"{self.get_decision_display()} by {self.person}"
