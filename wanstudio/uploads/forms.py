"""One input of a job, however it comes: a file, a link, or something that is here already."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import URLValidator
from django.utils.text import get_text_list

from wanstudio.accounts.models import User
from wanstudio.keys import in_force
from wanstudio.media.poster import poster
from wanstudio.teams.models import Team
from wanstudio.uploads.models import Source, fingerprint
from wanstudio.uploads.probing import FetchError, MediaError, probe_file, probe_link

MOST_URL_LENGTH = 2000
_is_link = URLValidator(["http", "https"])
WHAT = {Source.Kind.CHARACTER: "picture", Source.Kind.MOTION: "clip"}


def formats_of(kind: str) -> str:
    """What the model takes, in words: `JPEG, PNG or WebP`."""
    inputs = in_force.model().inputs
    formats = inputs.motion_formats if kind == Source.Kind.MOTION else inputs.image_formats
    return get_text_list(list(formats), "or")


@dataclass
class Draft:
    """A checked input that has no row yet (or has one: `source`). Nothing is written before `keep`."""

    kind: str
    source: Source | None = None
    file: UploadedFile[bytes] | None = None
    url: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def duration(self) -> float | None:
        if self.facts:
            return self.facts.get("duration")
        return self.source.duration if self.source else None

    def keep(self, team: Team, person: User) -> Source:
        """The row: found, refreshed or made. A crash in between leaves at most an unused upload."""
        if self.source:
            if self.facts:
                self.source.learn(self.facts)
            self.source.touch()
            return self.source
        if self.url:
            return Source.from_link(team, person, self.kind, self.url, self.facts)
        if self.file is None:
            raise ValueError("a draft has a source, a link or a file")
        source = Source(team=team, person=person, kind=self.kind, name=(self.file.name or "file")[-200:], **self.facts)
        source.fingerprint = fingerprint(self.file.chunks())
        self.file.seek(0)
        still = poster(self.file, "image" if self.kind == Source.Kind.CHARACTER else "video")
        self.file.seek(0)
        source.file.save(f"source.{source.format.lower()}", self.file, save=False)
        source.add()
        source.keep_poster(still)
        return source


def take(kind: str, *, source: Source | None = None, file: UploadedFile[bytes] | None = None, url: str = "") -> Draft:
    """The one input that was given, checked. Raises `forms.ValidationError` with the sentence to show."""
    what = WHAT[Source.Kind(kind)]
    given = [thing for thing in (source, file, url) if thing]
    if file is not None and not file.size:
        raise forms.ValidationError(f"“{file.name}” is empty. Nothing was sent; choose another {what}.", "empty")
    if len(given) > 1:
        raise forms.ValidationError(f"Give either a file or a link for the {what}, not both.", "both")
    if not given:
        raise forms.ValidationError(f"Add a {what} first: a file ({formats_of(kind)}) or a link to one.", "missing")
    try:
        if source:
            return Draft(kind, source=source, facts=probe_link(kind, source.url) if source.url else {})
        if file:
            return Draft(kind, file=file, facts=_probe_upload(kind, file))
        return Draft(kind, url=url, facts=_probe_url(kind, url))
    except (FetchError, MediaError) as wrong:
        raise forms.ValidationError(str(wrong), str(wrong.code).lower()) from wrong


def _probe_url(kind: str, url: str) -> dict[str, Any]:
    if len(url) > MOST_URL_LENGTH:
        raise forms.ValidationError("This link is longer than 2,000 characters. Use a shorter one.", "too_long")
    try:
        _is_link(url)
    except forms.ValidationError:
        # A bare host name is no public address, yet it may be on the list of exceptions: the fetcher decides.
        if not url.lower().startswith(("http://", "https://")):
            raise forms.ValidationError(
                "This is not a link we can read. It has to start with https:// or http://.", "invalid_url"
            ) from None
    return probe_link(kind, url)


def _probe_upload(kind: str, file: UploadedFile[bytes]) -> dict[str, Any]:
    what = WHAT[Source.Kind(kind)]
    most = settings.IMAGE_MAX_BYTES if kind == Source.Kind.CHARACTER else settings.CLIP_MAX_BYTES
    if (file.size or 0) > most:
        size = megabytes(file.size or 0)
        size = f"a little more than {size}" if size == megabytes(most) else size
        raise forms.ValidationError(
            f"“{file.name}” has {size}; a {what} may have {megabytes(most)}. Nothing was sent; "
            f"choose a smaller {what}.",
            "too_large",
        )
    facts = probe_file(kind, file)
    facts["size_bytes"] = file.size
    return facts


def megabytes(size_bytes: int) -> str:
    """`18.4 MB`, `10 MB`."""
    return f"{size_bytes / 1024 / 1024:.1f}".removesuffix(".0") + " MB"
