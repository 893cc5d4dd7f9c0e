"""What comes out: a result in our own storage, checked and hashed."""

from uuid import uuid4

from django.db import models
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.teams.models import Team
from wanstudio.videos.models.tags import Tag


def _stored_name(video: "Video", name: str) -> str:
    return f"videos/{video.job.team_id}/{uuid4().hex}{name[name.rfind('.') :]}"


class Video(models.Model):
    """An archived result. A row exists only once the file is whole, decodable and hashed."""

    job = models.ForeignKey("Job", on_delete=models.PROTECT, related_name="videos")
    position = models.PositiveSmallIntegerField(default=0, help_text="Among the job's results; 0 is the main one.")
    file = models.FileField(upload_to=_stored_name, max_length=200)
    poster = models.FileField(upload_to=_stored_name, max_length=200)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    duration = models.FloatField(help_text="Seconds.")
    archived_at = models.DateTimeField(default=timezone.now)
    tags = models.ManyToManyField(Tag, related_name="videos", blank=True)
    binned_at = models.DateTimeField(null=True, blank=True, db_index=True, help_text="Lies in the bin since.")
    binned_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    # Among the versions of its lineage, 1 is the first; told by lineage.number.
    version = 1
    versions = 1

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "position"], name="one_video_a_position")]

    def __str__(self) -> str:
        return f"video {self.pk} of job {self.job_id}"

    @property
    def team(self) -> Team:
        return self.job.team
