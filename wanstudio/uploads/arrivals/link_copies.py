"""Copies of links: what is behind a link is brought in by the worker, and is an upload like any other then."""

from math import ceil

from django import forms
from django.db import models
from django.db.models.functions import Now

from wanstudio.accounts.models import User
from wanstudio.uploads.arrivals.limits import check_room, check_size
from wanstudio.uploads.models import Source
from wanstudio.work.leases import Leased

# Bytes a second, until some copies have told how fast this studio fetches.
USUAL_SPEED = 2_000_000
_PAST = 5


class LinkCopy(Leased):
    """Due while it is in progress; deleted if a person cancels it. `problem`: the sentence why it did not work."""

    link = models.OneToOneField(Source, on_delete=models.CASCADE, related_name="link_copy")
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    upload = models.ForeignKey(Source, null=True, on_delete=models.SET_NULL, related_name="+")
    problem = models.TextField(blank=True)
    received_bytes = models.BigIntegerField(default=0)
    took_s = models.FloatField(null=True)

    def __str__(self) -> str:
        return f"copy of {self.link_id}"

    @property
    def is_checked(self) -> bool:
        """Whether all of it has arrived, as far as the link said how much that is."""
        return bool(self.link.size_bytes and self.received_bytes >= self.link.size_bytes)


def begin_copy(link: Source, person: User) -> None:
    """The copy of the link, made due if it is new. Refused, with the sentence, as an upload would be."""
    before = LinkCopy.objects.filter(link=link).first()
    if before and (before.due_at or upload_of(link)):
        return
    problem = ""
    try:
        check_size(link.kind, link.name, link.size_bytes or 0)
        check_room(link.team, link.kind, link.name, link.size_bytes or 0)
    except forms.ValidationError as refused:
        problem = str(refused.messages[0])
    fresh = {"person": person, "problem": problem, "received_bytes": 0, "claims": 0, "upload": None}
    copy, _ = LinkCopy.objects.update_or_create(link=link, defaults={**fresh, "due_at": None if problem else Now()})
    if not problem:
        copy.wake()


def cancel_copy(link: Source) -> None:
    """No trace of it: the worker finds its lease gone, and deletes what it has received."""
    LinkCopy.objects.filter(link=link, upload=None).delete()


def upload_of(link: Source) -> Source | None:
    """The upload that this link has become, unless it is deleted or the link leads to something else by now."""
    copy = LinkCopy.objects.select_related("upload").filter(link=link, upload__deleted_at=None).first()
    here = copy.upload if copy else None
    return here if here and _measures(here) == _measures(link) else None


def _measures(source: Source) -> tuple[float | None, ...]:
    return (source.duration,) if source.is_motion else (source.width, source.height)


def about_s(size_bytes: int) -> int:
    """How many seconds so much takes, as fast as the last ones came."""
    past = LinkCopy.objects.filter(took_s__gt=0).order_by("-pk").values_list("received_bytes", "took_s")[:_PAST]
    received, took = (sum(column) for column in zip(*past, strict=True)) if past else (USUAL_SPEED, 1)
    return max(1, ceil(size_bytes * took / max(received, 1)))
