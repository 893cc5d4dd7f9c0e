"""Share links to a video or a collection, for people without an account."""

from hashlib import sha256
from typing import cast

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from wanstudio.accounts.models import User
from wanstudio.encryption.encrypted_fields import SecretField, Unreadable, decrypt
from wanstudio.teams.models import Membership, Team
from wanstudio.teams.roles import Act, roles_with
from wanstudio.videos.models import Collection, Video


class ShareLink(models.Model):
    """Anyone with the token can watch. The row alone does not reveal it: it holds a digest, and the token encrypted.

    A link is never deleted, only revoked: what was seen through it stays known. Its video or its collection can be
    deleted; then it has neither, and has ended.
    """

    class Kind(models.TextChoices):
        VIDEO = "video", "Video"
        COLLECTION = "collection", "Collection"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="share_links")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    video = models.ForeignKey(Video, null=True, blank=True, on_delete=models.SET_NULL, related_name="share_links")
    collection = models.ForeignKey(
        Collection, null=True, blank=True, on_delete=models.SET_NULL, related_name="share_links"
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    encrypted_token = SecretField(editable=False)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    password = models.CharField(max_length=128, blank=True, help_text="Hashed; empty for none.")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty for never.")
    may_download = models.BooleanField(default=True)
    may_comment = models.BooleanField(default=False)
    revoked_at = models.DateTimeField(null=True, blank=True)
    views = models.PositiveIntegerField(default=0, help_text="Visits of people, not of machines that make previews.")
    last_seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="a_link_leads_to_one_thing",
                condition=Q(kind="video", collection=None) | Q(kind="collection", video=None),
            )
        ]

    def __str__(self) -> str:
        return f"link {self.pk} to a {self.kind}"

    @property
    def token(self) -> str:
        """What the address ends with; empty if its key is lost, and the link can only be revoked."""
        try:
            return decrypt(self.encrypted_token)
        except Unreadable:
            return ""

    @property
    def has_ended(self) -> bool:
        """Revoked, expired, or what it led to is gone, in the bin, or its maker's no more to show."""
        if self.revoked_at is not None or self.is_expired:
            return True
        if self.kind == self.Kind.VIDEO:
            return not self.videos().exists()
        if self.collection is None or not self.collection.is_private:
            return self.collection is None
        # Only its maker sees a private collection, so no one could revoke its links after the maker has left.
        here = Membership.objects.filter(team=self.team_id, user=self.made_by_id, role__in=roles_with(Act.SHARE))
        return self.collection.person_id != self.made_by_id or not here.exists()

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    def videos(self) -> models.QuerySet[Video]:
        """What can be watched through it now, the newest first."""
        shown = Video.objects.filter(team=self.team_id, job__state__unindexed="done", binned_at=None)
        shown = shown.select_related("job", "job__person", "team").order_by("-pk")
        if self.kind == self.Kind.VIDEO:
            return shown.filter(pk=self.video_id or 0)
        return shown.filter(collected__collection=self.collection_id or 0)

    @property
    def thing(self) -> Video | Collection:
        """What it leads to, if that was not deleted."""
        return cast("Video | Collection", self.video or self.collection)

    @property
    def is_of_private_collection(self) -> bool:
        return self.collection is not None and self.collection.is_private

    @property
    def title(self) -> str:
        return self.video.job.title if self.video else str(self.collection or "")

    @property
    def unlock_mark(self) -> str:
        """The cookie of a visitor who entered the password: for this link only, and invalid after a new password."""
        return salted_hmac("wanstudio.share", f"{self.digest}:{self.password}", algorithm="sha256").hexdigest()


def digest_of(token: str) -> str:
    return sha256(token.encode()).hexdigest()
