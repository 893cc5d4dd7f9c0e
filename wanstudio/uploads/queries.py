"""Uploads that a person can see, the links by which the provider fetches them, and the facts that a probe finds.

The web process can fetch what is behind a link to probe it, and nothing else, within 5 s; decoders are processes.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.core import signing
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.http import HttpRequest
from django.urls import reverse

from wanstudio.accounts.models import User
from wanstudio.accounts.queries import found_for
from wanstudio.media import isolated
from wanstudio.media.decoder_messages import UNKNOWN_SIZE, Cleaning, ImageFacts, VideoFacts
from wanstudio.media.errors import too_large
from wanstudio.media.movie import SeekableFile
from wanstudio.media.remote_file import RemoteFile
from wanstudio.teams.access import in_my_teams, in_teams_of, teams_to
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act, roles_with
from wanstudio.uploads.arrivals.pieces import unfinished_bytes
from wanstudio.uploads.crops import Crop
from wanstudio.uploads.cuts import Part, encoded_part, stored_cut
from wanstudio.uploads.models import Facts, Source
from wanstudio.uploads.trims import Trim
from wanstudio.web.addresses import fetcher
from wanstudio.work.compiled import Compiled

# A provider can fetch its inputs late in a long queue.
FILE_LINK_S = 24 * 60 * 60
_SALT = "wanstudio.files"
DEADLINE_S = 5.0
# So many rows are looked through for a name at once.
SEARCHED = 20_000


def visible_sources(request: HttpRequest, team: Team | None = None) -> QuerySet[Source]:
    mine = Source.objects.filter(in_my_teams(request, "team__"), deleted_at=None)
    return mine.filter(team=team) if team else mine


def shown_once(rows: QuerySet[Source]) -> QuerySet[Source]:
    """Of copies of one file, which versions before 0.5.0 kept, the first. Jobs keep the copy they were made from."""
    same = {name: OuterRef(name) for name in ("team", "kind", "fingerprint")}
    return rows.filter(
        Q(fingerprint="") | ~Exists(Source.objects.filter(**same, deleted_at=None, pk__lt=OuterRef("pk")))
    )


def with_words(rows: QuerySet[Source], words: str, before: int | None) -> tuple[QuerySet[Source], int | None]:
    """Those of these rows whose names, or files, have all of the words; and the id at which this look ends.

    One look goes through SEARCHED rows at most, from the id `before` on: so it costs the same however many there are.
    """
    asked = rows if before is None else rows.filter(pk__lt=before)
    end = asked.order_by("-pk").values_list("pk", flat=True)[SEARCHED : SEARCHED + 1].first()
    for word in words.split():
        # SQLite's own comparison knows no capitals but those of ASCII.
        test, text = ("icontains", word) if word.isascii() else ("iregex", re.escape(word))
        rows = rows.filter(Q(**{f"given_name__{test}": text}) | Q(**{f"file_name__{test}": text}))
    return (rows.filter(pk__gt=end) if end else rows), end


def binned_sources(request: HttpRequest) -> QuerySet[Source]:
    mine = Source.objects.filter(team__in=teams_to(request, Act.ORGANISE), deleted_at__isnull=False, erased_at=None)
    return mine.select_related("deleted_by", "team")


class StoredSource(NamedTuple):
    """What the answer with a file of an upload says about it."""

    file: str
    poster: str
    preview: str
    format: str
    cleaned_at: datetime | str | None
    created_at: datetime | str
    file_name: str


def stored_source(request: HttpRequest, pk: int) -> StoredSource:
    """The files of an upload that this person can read: binned, too, if a job was made from it, or to take it back."""
    return StoredSource(*found_for(request, _STORED, pk))


def _stored(person: int, pks: Sequence[int]) -> QuerySet[Source, tuple[object, ...]]:
    in_jobs = Q(character_jobs__isnull=False) | Q(motion_jobs__isnull=False)
    used = Exists(Source.objects.filter(in_jobs, pk=OuterRef("pk")))
    readable = Q(deleted_at=None) | Q(used) | Q(team__memberships__role__in=roles_with(Act.ORGANISE))
    mine = in_teams_of(User(pk=person), "team__") & Q(team__memberships__user__is_active=True)
    rows = Source.objects.filter(mine & readable, pk__in=pks)
    return rows.values_list("team__memberships__user__password", *StoredSource._fields)


_STORED = Compiled(_stored)


def stored_input(source: Source, part: Part | None = None) -> str:
    """The name in the storage of the file that is sent of this input, once it is made; empty for a link."""
    if source.url:
        return ""
    sent = _encoded(source, part)
    return stored_cut(source, sent) if sent else str(source.file.name)


def _encoded(source: Source, part: Part | None) -> Part | None:
    return part if isinstance(part, Crop) else encoded_part(source, part)


def input_link(source: Source, part: Part | None = None) -> str:
    """Where the provider finds this input: the link as it was given, or a signed one to our file, or one made of it."""
    if source.url:
        return source.url
    if part := _encoded(source, part):
        numbers = part.numbers if isinstance(part, Crop) else (part.start, part.end)
        ending = stored_cut(source, part).rpartition(".")[2]
        signed = signing.dumps([source.pk, *numbers], salt=_SALT)
        return settings.LINK_BASE + reverse("files.show", args=[signed, f"{source.kind}.{ending}"])
    name = f"{source.kind}.{source.format.lower()}"
    return settings.LINK_BASE + reverse("files.show", args=[signing.dumps(source.pk, salt=_SALT), name])


def signed_input(signed: str) -> tuple[Source, str] | None:
    """The source of a file link and the stored name of what it leads to; None if it is forged or over 24 h old."""
    try:
        said = signing.loads(signed, salt=_SALT, max_age=FILE_LINK_S)
    except signing.BadSignature:
        return None
    pk, *numbers = said if isinstance(said, list) else [said]
    source = Source.objects.filter(pk=pk).exclude(file="").first()
    if source is None:
        return None
    if not numbers:
        return source, str(source.file.name)
    part: Part = Trim(*numbers) if source.is_motion else Crop(*numbers)
    return source, stored_cut(source, part)


def may_have(team: Team, kind: str, size_bytes: int) -> bool:
    """Whether it is worth asking by fingerprint. Pictures can have another size since they were sent."""
    rows = Source.objects.filter(team=team, kind=kind, erased_at=None).exclude(file="")
    return (rows if kind == Source.Kind.CHARACTER else rows.filter(size_bytes=size_bytes)).exists()


class Room(NamedTuple):
    """What a team's uploads take up, with the bin and what is on its way, and what they can."""

    used_bytes: int
    limit_bytes: int

    @property
    def left_bytes(self) -> int:
        return max(self.limit_bytes - self.used_bytes, 0)


def room_of(team: Team) -> Room | None:
    """None where there is no limit. Links take up nothing."""
    if not settings.TEAM_STORAGE_BYTES:
        return None
    stored = Source.objects.filter(team=team, erased_at=None).exclude(file="")
    used = stored.order_by().aggregate(used=Sum("size_bytes", default=0))["used"]
    return Room(int(used) + unfinished_bytes(team), settings.TEAM_STORAGE_BYTES)


def probe_file(kind: str, file: SeekableFile) -> tuple[Facts, bytes, Cleaning]:
    """Facts and poster of a file as it will be kept, and how it becomes that. Raises MediaError, or FetchError BUSY."""
    take = isolated.take_picture if kind == Source.Kind.CHARACTER else isolated.take_clip
    found, poster, cleaning = take(file)
    return _facts(found), poster, cleaning


def probe_link(kind: str, url: str) -> Facts:
    """Facts of what is behind a link. Raises FetchError or MediaError."""
    if kind == Source.Kind.MOTION:
        return _facts(isolated.probe_clip_index(RemoteFile(fetcher(), url, deadline_s=DEADLINE_S)))
    limit = settings.IMAGE_MAX_BYTES
    remote = RemoteFile(fetcher(), url, max_bytes=limit, deadline_s=DEADLINE_S)
    if UNKNOWN_SIZE > remote.size > limit:
        raise too_large(limit)
    return _facts(isolated.probe_image(remote)[0])


def _facts(found: ImageFacts | VideoFacts) -> Facts:
    if isinstance(found, ImageFacts):
        return Facts(found.format, found.width, found.height, found.size_bytes)
    # Four letters of a foreign file, which can be anything.
    codec = found.codec if found.codec.isascii() and found.codec.isalnum() else ""
    picture = Facts(found.container, found.width, found.height, found.size_bytes)
    sound = replace(picture, duration=found.duration, fps=found.fps, has_audio=found.has_audio, codec=codec)
    return replace(sound, conversion=found.conversion if found.conversion in Source.Conversion.values else "")
