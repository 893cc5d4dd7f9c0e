"""Links for people without an account: to one video, or to one collection."""

import secrets
from hashlib import sha256
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.encryption.encrypted_fields import SecretField, Unreadable, decrypt, encrypt
from wanstudio.teams.models import Membership, Team
from wanstudio.teams.roles import Act, roles_with
from wanstudio.videos.models import Collection, Video

TOKEN_BYTES = 32
# As many letters as that many bytes make; anything else is not looked up at all.
TOKEN_LETTERS = 43


class Gone(Exception):
    """The link leads to nothing any more."""


class ShareLink(models.Model):
    """Who has the token may watch. The row alone gives it to nobody: it holds a digest, and the token encrypted.

    A link is never deleted, only revoked: what was seen through it stays known. Its video or its collection may be
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
    sealed_token = SecretField(editable=False)
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

    @classmethod
    def make(cls, thing: Video | Collection, person: User, **options: Any) -> "ShareLink":
        """A new link to the video or the collection. `options`: what `change` takes."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        made = cls(made_by=person, digest=_digest(token), sealed_token=encrypt(token))
        if isinstance(thing, Video):
            made.kind, made.video, made.team = cls.Kind.VIDEO, thing, thing.job.team
        else:
            made.kind, made.collection, made.team = cls.Kind.COLLECTION, thing, thing.team
        made._take(**options)
        with transaction.atomic():
            made.save()
            made._note("link.made", person)
        return made

    def change(self, person: User, **options: Any) -> None:
        """`password` (None keeps it, empty takes it off), `expires_at`, `may_download`, `may_comment`.

        A new password ends the visits that the old one opened.
        """
        self._take(**options)
        with transaction.atomic():
            self.save(update_fields=["password", "expires_at", "may_download", "may_comment"])
            self._note("link.changed", person)

    def _take(self, *, password: str | None = None, **options: Any) -> None:
        if password is not None:
            self.password = make_password(password) if password else ""
        for name in ("expires_at", "may_download", "may_comment"):
            if name in options:
                setattr(self, name, options[name])

    def revoke(self, person: User) -> None:
        """From the next request on nobody gets anything. Twice is once."""
        with transaction.atomic():
            if ShareLink.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=Now()):
                self._note("link.revoked", person)

    def _note(self, act: str, person: User) -> None:
        # What is private has no name for the others of the team.
        hidden = self.collection is not None and self.collection.is_private
        about = "a private collection" if hidden else self.title
        record(team=self.team_id, person=person, act=act, about=about, on=None if hidden else self.video)

    @classmethod
    def by_token(cls, token: str) -> "ShareLink | None":
        """The link with this token, open or ended; None for any other word."""
        if len(token) != TOKEN_LETTERS:
            return None
        digest = _digest(token)
        parts = ("team", "made_by", "video__job__person", "video__job__team", "collection")
        # Found by a digest, so that what the index tells by its timing says nothing about the token.
        found = cls.objects.select_related(*parts).filter(digest=digest).first()
        return found if found is not None and constant_time_compare(found.digest, digest) else None

    @property
    def token(self) -> str:
        """What the address ends with; empty if its key is lost, and the link can only be revoked."""
        try:
            return decrypt(self.sealed_token)
        except Unreadable:
            return ""

    @property
    def has_ended(self) -> bool:
        """Revoked, expired, or what it led to is gone, in the bin, or its maker's no more to show."""
        if self.revoked_at is not None or self.is_expired:
            return True
        if self.kind == self.Kind.VIDEO:
            return not self.videos().exists()
        return self.collection is None or (self.collection.is_private and not self._is_its_makers_own())

    def _is_its_makers_own(self) -> bool:
        """Nobody else sees a private collection, so nobody could revoke its links when its person has left."""
        if self.collection is None or self.collection.person_id != self.made_by_id:
            return False
        here = Membership.objects.filter(team=self.team_id, user=self.made_by_id, role__in=roles_with(Act.SHARE))
        return here.exists()

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    def videos(self) -> models.QuerySet[Video]:
        """What can be watched through it now, the newest first."""
        shown = Video.objects.filter(job__team=self.team_id, job__state="done", binned_at=None)
        shown = shown.select_related("job", "job__person", "job__team").order_by("-pk")
        if self.kind == self.Kind.VIDEO:
            return shown.filter(pk=self.video_id or 0)
        return shown.filter(collected__collection=self.collection_id or 0)

    @property
    def thing(self) -> Video | Collection:
        """What it leads to. Raises Gone if that was deleted."""
        found = self.video or self.collection
        if found is None:
            raise Gone
        return found

    @property
    def title(self) -> str:
        """What the guest reads above it."""
        if self.video is not None:
            return self.video.job.title
        return str(self.collection or "")

    def opens_with(self, password: str) -> bool:
        return check_password(password, self.password)

    @property
    def pass_mark(self) -> str:
        """What a visitor who knew the password carries: of this link alone, and dead with its password."""
        return salted_hmac("wanstudio.share", f"{self.digest}:{self.password}", algorithm="sha256").hexdigest()

    def note_view(self) -> None:
        ShareLink.objects.filter(pk=self.pk).update(views=F("views") + 1, last_seen_at=Now())


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
