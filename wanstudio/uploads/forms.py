"""Forms of one input: a file, a link, or an earlier upload; and the receiver of uploaded files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from io import BufferedRandom
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.core.validators import URLValidator
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from wanstudio.accounts.models import User
from wanstudio.media.decoder_messages import Cleaning
from wanstudio.media.errors import FetchError, FetchProblem, MediaError
from wanstudio.teams.models import Team
from wanstudio.uploads import verbs, words
from wanstudio.uploads.arrivals import pieces
from wanstudio.uploads.arrivals.limits import check_room, check_size
from wanstudio.uploads.crops import Crop, NoCrop, crop_of
from wanstudio.uploads.models import Facts, PartialUpload, Source
from wanstudio.uploads.queries import probe_file, probe_link
from wanstudio.uploads.trims import Trim, trim_of

MAX_URL_LENGTH = 2000
_is_link = URLValidator(["http", "https"])


@dataclass
class Draft:
    """A checked input that has no row yet (or has one: `source`). Nothing is written before `keep`.

    With a `file` the source is the team's upload of the same bytes, possibly in the bin.
    """

    kind: str
    source: Source | None = None
    file: UploadedFile[bytes] | None = None
    url: str = ""
    facts: Facts | None = None
    poster: bytes = b""
    cleaning: Cleaning = field(default_factory=Cleaning)
    fingerprint: str = ""

    @property
    def duration(self) -> float | None:
        if self.facts:
            return self.facts.duration
        return self.source.duration if self.source else None

    def trimmed(self, start: float | None, end: float | None) -> Trim | None:
        """The part of it between these times. Raises `forms.ValidationError` with the sentence to show."""
        try:
            trim = trim_of(start, end, self.duration or 0)
        except ValueError:
            raise forms.ValidationError(words.NOT_IN_CLIP.format(duration=self.duration or 0), "trim") from None
        if trim and self.is_link:
            raise forms.ValidationError(words.ONLY_FILES, "trim")
        return trim

    @property
    def is_link(self) -> bool:
        return bool(self.url or (self.source and self.source.url))

    def cropped(self, said: str, clip: Draft | None) -> Crop | None:
        """The frame around it, as `crop_of` reads it. Raises `forms.ValidationError` with the sentence to show."""
        picture, shape = self.facts or self.source, (clip.facts or clip.source) if clip else None
        try:
            crop = crop_of(said, picture, shape) if picture else None
        except NoCrop as wrong:
            raise forms.ValidationError(words.no_crop(wrong, picture), "crop") from None
        if crop and self.is_link:
            raise forms.ValidationError(words.ONLY_PICTURES, "crop")
        return crop

    def keep(self, team: Team, person: User) -> Source:
        """The row: found, refreshed or made. A crash in between leaves at most an unused upload."""
        if self.source:
            if self.facts:
                verbs.learn(self.source, self.facts)
            return verbs.bring_back(self.source, person) if self.file else self.source
        if self.facts and self.url:
            return verbs.add_link(team, person, self.kind, self.url, self.facts)
        if self.facts and self.file:
            made = Source(team=team, person=person, kind=self.kind, fingerprint=self.fingerprint, **asdict(self.facts))
            return verbs.add_file(made, self.file, self.poster, self.cleaning)
        raise ValueError("a draft has a source, a link or a file")


def take(
    kind: str,
    *,
    team: Team | None = None,
    source: Source | None = None,
    file: UploadedFile[bytes] | None = None,
    url: str = "",
) -> Draft:
    """The one input that was given, checked. Raises `forms.ValidationError` with the sentence to show.

    `team`: a file that it has already is not read again, and one that it has no room for is refused.
    """
    thing = words.THINGS[Source.Kind(kind)]
    given = [each for each in (source, file, url) if each]
    if file is not None and not file.size:
        raise forms.ValidationError(words.EMPTY.format(name=file.name, thing=thing), "empty")
    if len(given) > 1:
        raise forms.ValidationError(words.BOTH.format(thing=thing), "both")
    if not given:
        raise forms.ValidationError(words.MISSING.format(thing=thing, formats=words.formats_of(kind)), "missing")
    try:
        if source:
            return Draft(kind, source=source, facts=probe_link(kind, source.url) if source.url else None)
        if file:
            return _take_file(kind, file, team)
        return Draft(kind, url=url, facts=_probe_url(kind, url))
    except (FetchError, MediaError) as wrong:
        raise forms.ValidationError(str(wrong), wrong.code.name.lower()) from wrong


def _probe_url(kind: str, url: str) -> Facts:
    if len(url) > MAX_URL_LENGTH:
        raise forms.ValidationError(words.LINK_TOO_LONG, "too_long")
    try:
        _is_link(url)
    except forms.ValidationError:
        # A bare host name is no public address, yet it can be on the list of exceptions: the fetcher decides.
        if not url.lower().startswith(("http://", "https://")):
            raise forms.ValidationError(words.NO_LINK, "invalid_url") from None
    return probe_link(kind, url)


def _take_file(kind: str, file: UploadedFile[bytes], team: Team | None) -> Draft:
    check_size(kind, file.name or "", file.size or 0)
    fingerprint = verbs.fingerprint_of(file)
    if team and (same := verbs.find_same(team, kind, fingerprint)):
        return Draft(kind, source=same, file=file)
    # The room of what came in pieces was kept free for it.
    if team and not isinstance(file, pieces.ArrivedFile):
        check_room(team, kind, file.name or "", file.size or 0)
    facts, poster, cleaning = probe_file(kind, file)
    facts = facts if cleaning.file else replace(facts, size_bytes=file.size)
    return Draft(kind, file=file, facts=facts, poster=poster, cleaning=cleaning, fingerprint=fingerprint)


def finish(upload: PartialUpload) -> Source:
    """What a whole upload has become: taken in now, unless it was before. Raises `forms.ValidationError`.

    A crash anywhere is made good by the next call: the bytes stay until the row is there, and are known again by their
    fingerprint. What can be otherwise in a moment is no refusal.
    """
    try:
        if pieces.offset_of(upload) < upload.size_bytes:
            raise forms.ValidationError(words.NOT_WHOLE, "not_whole")
        if not upload.is_over:
            with pieces.opened(upload, wait=True) as file:
                if not upload.is_over:
                    _take_whole(upload, file)
    except pieces.Gone:
        upload.refresh_from_db()
        if not upload.is_over:
            raise forms.ValidationError(words.GONE_PART, "gone") from None
    if upload.source is None:
        raise forms.ValidationError(upload.refusal, "refused")
    return upload.source


def _take_whole(upload: PartialUpload, file: BufferedRandom) -> None:
    pieces.keep_fingerprint(upload)
    try:
        draft = take(upload.kind, team=upload.team, file=pieces.ArrivedFile(upload, file))
    except forms.ValidationError as wrong:
        if wrong.code == FetchProblem.BUSY.name.lower():
            raise
        return pieces.end(upload, refusal=str(wrong.messages[0]))
    return pieces.end(upload, source=draft.keep(upload.team, upload.person))


class SourceForm(forms.Form):
    """Something added to the team's sources, before or without a job.

    A script sends one thing at a time, as `file` or `url`. The studio's own form, whose button names the `kind`,
    sends all it has: there the fields are `character_file`, `motion_url` and so on.
    """

    kind = forms.ChoiceField(choices=Source.Kind.choices)
    file = forms.FileField(required=False, allow_empty_file=True, max_length=255)
    url = forms.CharField(required=False)

    def __init__(self, data: QueryDict, files: MultiValueDict[str, UploadedFile[bytes]], team: Team) -> None:
        self._team, kind = team, data.get("kind")
        one = {"kind": kind, "url": data.get("url") or data.get(f"{kind}_url", "")}
        file = files.get("file") or files.get(f"{kind}_file")
        super().__init__(one, MultiValueDict({"file": [file]} if file is not None else {}))

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                self.draft = take(
                    cleaned["kind"], team=self._team, file=cleaned.get("file"), url=cleaned.get("url", "")
                )
            except forms.ValidationError as wrong:
                self.add_error("url" if cleaned.get("url") else "file", wrong)
        return cleaned

    @property
    def unnamed_file(self) -> str:
        wrong, file = first_error(self, self.errors), self.files.get("file")
        return "" if file is None or (wrong and wrong.code in words.NAMES_THE_FILE) else file.name or ""

    @property
    def wrong(self) -> str:
        wrong = first_error(self, self.errors)
        return str(wrong.messages[0]) if wrong else ""


def first_error(form: forms.Form, fields: Iterable[str]) -> forms.ValidationError | None:
    found = form.errors.as_data()
    return next((wrong for field in fields for wrong in found.get(field, ())), None)


class CappedUploadHandler(TemporaryFileUploadHandler):
    """Keeps up to one byte more than the largest file that is allowed; the rest is counted, not kept.

    So the form still sees that, and how much, a file is too large, and says so beside its field, while no one
    can fill the disk. Someone who is not signed in can upload nothing at all.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        user = getattr(self.request, "user", None)
        if user is None or not user.is_authenticated:
            raise StopUpload(connection_reset=True)
        super().new_file(*args, **kwargs)
        self._room = max(settings.CLIP_MAX_BYTES, settings.IMAGE_MAX_BYTES) + 1

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self._room > 0:
            self.file.write(raw_data[: self._room])
            self._room -= len(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile[bytes]:
        self.file.seek(0)
        self.file.size = file_size
        return self.file
