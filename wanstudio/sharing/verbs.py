"""Share link verbs: made, changed, revoked, and seen. A link is never deleted: what was seen through it stays known."""

import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import TypedDict, Unpack

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.encryption.encrypted_fields import encrypt
from wanstudio.sharing.models import ShareLink, digest_of
from wanstudio.sharing.words import A_PRIVATE_COLLECTION, LINK_TO
from wanstudio.teams.models import Team
from wanstudio.teams.opened import Opened, listings
from wanstudio.videos.models import Collection, Video


class Options(TypedDict, total=False):
    """What is left out stays as it is. An empty password takes it off, `expires_at` None is never."""

    password: str
    expires_at: datetime | None
    may_download: bool
    may_comment: bool


def make_link(thing: Video | Collection, person: User, **options: Unpack[Options]) -> ShareLink:
    """A new link to the video or the collection. A crash leaves none, or one that no one was given."""
    token = secrets.token_urlsafe(32)
    link = ShareLink(made_by=person, team=thing.team, digest=digest_of(token), encrypted_token=encrypt(token))
    link.kind = ShareLink.Kind.VIDEO if isinstance(thing, Video) else ShareLink.Kind.COLLECTION
    setattr(link, link.kind, thing)
    _take(link, options)
    with transaction.atomic():
        link.save(force_insert=True)
        _record("link.made", link, person)
    return link


def change_link(link: ShareLink, person: User, **options: Unpack[Options]) -> None:
    """A new password ends the visits that the old one opened. A crash leaves all of it changed or nothing."""
    _take(link, options)
    with transaction.atomic():
        link.save(update_fields=["password", "expires_at", "may_download", "may_comment"])
        _record("link.changed", link, person)


def _take(link: ShareLink, options: Options) -> None:
    if "password" in options:
        link.password = make_password(options["password"]) if options["password"] else ""
    link.expires_at = options.get("expires_at", link.expires_at)
    link.may_download = options.get("may_download", link.may_download)
    link.may_comment = options.get("may_comment", link.may_comment)


def revoke_link(link: ShareLink, person: User | None) -> None:
    """From the next request on no one gets anything. Twice is once; a crash leaves it revoked or not."""
    with transaction.atomic():
        if ShareLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=Now()):
            _record("link.revoked", link, person)


def _record(act: str, link: ShareLink, person: User | None) -> None:
    record(act, team=link.team_id, person=person, about=_about(link), on=link.video)


def _about(link: ShareLink) -> str:
    return A_PRIVATE_COLLECTION if link.is_of_private_collection else link.title


def _links(team: Team, people: Iterable[int]) -> Iterator[Opened]:
    """Those of videos in the bin, too: they open again with their video."""
    lasting = Q(expires_at=None) | Q(expires_at__gt=Now())
    found = ShareLink.objects.filter(lasting, team=team, made_by__in=list(people), revoked_at=None)
    for link in found.exclude(video=None, collection=None).select_related("video__job", "collection"):
        title, close = LINK_TO.format(title=_about(link)), partial(revoke_link, link)
        yield Opened(link.made_by_id, f"link-{link.pk}", title, link.made_at, close, outlives=True)


listings.append(_links)
