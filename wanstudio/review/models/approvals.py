"""Approved, or needs work: who said so and when. Rows are only added; the newest of a video counts."""

from django.db import models, transaction
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.append_only import AppendOnlyModel
from wanstudio.notifications.models.mail_choices import Kind
from wanstudio.notifications.verbs.notify import Event, notify
from wanstudio.notifications.verbs.webhook_changes import Post, post_to_webhook
from wanstudio.videos.models.video import Video
from wanstudio.web.page_links import address_of, path_to


class Verdict(AppendOnlyModel):
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

    @classmethod
    def of(cls, video: Video) -> "Verdict | None":
        """The one that counts; None if nobody has decided, or the last one took it back."""
        newest = cls.objects.filter(video=video).select_related("person").order_by("-pk").first()
        return newest if newest and newest.decision != cls.Decision.OPEN else None

    @classmethod
    def give(cls, video: Video, person: User, decision: str, note: str = "") -> None:
        """The same decision and note again writes nothing. Crash: given, or not."""
        standing = cls.of(video)
        said = (standing.decision, standing.note) if standing else (cls.Decision.OPEN, "")
        if said == (decision, note[:500]):
            return
        with transaction.atomic():
            made = cls.objects.create(video=video, person=person, decision=cls.Decision(decision), note=note[:500])
            made._tell()

    def _tell(self) -> None:
        job = self.video.job
        record(act=f"verdict.{self.decision}", team=job.team_id, person=self.person, about=job.title, on=self.video)
        if self.decision == self.Decision.OPEN:
            return
        word = "is approved" if self.decision == self.Decision.APPROVED else "needs work"
        self._post(f"“{job.title}” {word}, says {self.person}.")
        if job.person_id == self.person_id:
            return
        title = f"“{job.title}” {word}, says {self.person}."
        notify([job.person_id], Event(job.team_id, Kind.VERDICT, f"verdict {self.pk}", title, self.note, on=self.video))

    def _post(self, title: str) -> None:
        """To the team's webhook."""
        job, page = self.video.job, address_of(path_to(self.video))
        data = {"video": self.video_id, "title": job.title, "person": str(self.person), "note": self.note, "url": page}
        post = Post(f"video.{self.decision}", f"verdict {self.pk}", f"{title} {self.note} {page}", data)
        post_to_webhook(job.team_id, post)

    @staticmethod
    def standing() -> Subquery:
        """For a query of videos: the newest decision of each, or null."""
        newest = Verdict.objects.filter(video=OuterRef("pk")).order_by("-pk")
        return Subquery(newest.values("decision")[:1])


def is_standing(decision: str) -> Q:
    """For videos annotated with `approval=Verdict.standing()`: whether this is how they stand; `open` is no verdict."""
    if decision == Verdict.Decision.OPEN:
        return Q(approval=None) | Q(approval=Verdict.Decision.OPEN)
    return Q(approval=decision)
