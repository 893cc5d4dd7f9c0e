"""A star that a person gave to a video: theirs alone, nobody else sees it."""

from django.db import models
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.videos.models.video import Video


class Favourite(models.Model):
    """One row a person and video. Posting the same star twice, or from two tabs, changes nothing."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="favourites")
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="favourites")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "video"], name="one_star_a_person")]

    def __str__(self) -> str:
        return f"star of {self.user} on {self.video}"

    @classmethod
    def star(cls, user: User, video: Video) -> None:
        """Give it. A crash leaves it given or not."""
        cls.objects.get_or_create(user=user, video=video)

    @classmethod
    def unstar(cls, user: User, video: Video) -> None:
        """Take it back. A crash leaves it taken back or not."""
        cls.objects.filter(user=user, video=video).delete()

    @classmethod
    def of(cls, user: User) -> models.Exists:
        """Whether each row of a query of videos has this person's star, without a query of its own."""
        return models.Exists(cls.objects.filter(user=user, video=models.OuterRef("pk")))
