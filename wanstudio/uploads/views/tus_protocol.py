"""Uploads in pieces, by the tus protocol 1.0.0 (https://tus.io/protocols/resumable-upload).

Core, creation, creation-with-upload, checksum, termination, expiration. The whole file is taken in as a plain upload
is, with the answer to its last piece, or to the HEAD after a crash. Rights are asked with every request.
"""

import re
import shutil
from typing import IO, cast
from uuid import UUID

from django import forms
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import http_date

from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.uploads import words
from wanstudio.uploads.arrivals import pieces
from wanstudio.uploads.arrivals.headers import ALGORITHMS, Checksum, checksum_in, kind_in, metadata_in, name_in
from wanstudio.uploads.arrivals.limits import check_room, check_size
from wanstudio.uploads.forms import finish
from wanstudio.uploads.models import PartialUpload, Source
from wanstudio.uploads.views.tus_ways import Refused, Way
from wanstudio.web.request_bodies import FULL, PIECE, length
from wanstudio.web.way_back import is_htmx
from wanstudio.work.outages import noticed

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,termination,expiration"
UPLOAD = "X-Upload"
"""The id of the upload that the pieces have become, as the lists name it."""
_NUMBER = re.compile(r"[0-9]{1,18}")


def answer(request: HttpRequest, way: Way, pk: UUID | None = None) -> HttpResponse:
    """The answer to any method of the protocol, at the address of all uploads or of one."""
    methods = _OF_ONE if pk else _OF_ALL
    # For senders, and proxies in between, that know no PATCH.
    override = request.headers.get("X-HTTP-Method-Override", "") if request.method == "POST" else ""
    method = (override or request.method or "").upper()
    try:
        if method not in methods:
            raise Refused(405, words.WRONG_METHOD, Allow=", ".join(methods))
        if method != "OPTIONS":
            way.enter(request)
            if request.headers.get("Tus-Resumable") != VERSION:
                raise Refused(412, words.WRONG_VERSION.format(version=VERSION), Tus_Version=VERSION)
        response = methods[method](request, way, pk)
    except Http404:
        response = way.refusal(Refused(404, words.NO_SUCH_PART))
    except pieces.Gone:
        response = way.refusal(Refused(410, words.GONE_PART))
    except pieces.Busy:
        response = way.refusal(Refused(423, words.BUSY_PART))
    except Refused as refused:
        response = way.refusal(refused)
        for name, value in refused.headers.items():
            response[name] = value
    response["Tus-Resumable"], response["Cache-Control"] = VERSION, "no-store"
    return response


def _offer(request: HttpRequest, way: Way, pk: UUID | None) -> HttpResponse:
    offered = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(max(settings.CLIP_MAX_BYTES, settings.IMAGE_MAX_BYTES)),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }
    return HttpResponse(status=204, headers=offered)


def _create(request: HttpRequest, way: Way, pk: UUID | None) -> HttpResponse:
    """A new upload, with its first piece if there is one. What will not be taken is refused before a byte is sent."""
    for header in ("Upload-Concat", "Upload-Defer-Length"):
        if header in request.headers:
            raise Refused(400, words.NOT_OFFERED.format(header=header))
    size, first, said = _number(request, "Upload-Length"), _first(request), request.headers.get("Upload-Metadata", "")
    checksum = _checksum(request)
    try:
        metadata = metadata_in(said)
    except ValueError:
        raise Refused(400, words.WRONG_METADATA) from None
    if not (kind := kind_in(metadata)):
        raise Refused(400, words.NO_KIND)
    if first > size:
        raise Refused(413, words.BEYOND_END.format(size=size))
    team = way.team(request, metadata)
    made = PartialUpload(team=team, kind=kind, name=name_in(metadata), size_bytes=size, metadata=said)
    made.person = access.person(request)
    with transaction.atomic():
        # One after the other: of two that fit only alone, one is refused.
        Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        _check_before(made)
        pieces.begin(made)
    address = reverse(way.route, args=[made.pk])
    if not is_htmx(request):
        # A page reads it beside its own address, whatever proxies have made of that on the way here.
        address = f"http{'s' if settings.HTTPS or request.is_secure() else ''}://{request.get_host()}{address}"
    if first:
        try:
            _append(request, made, 0, first, checksum)
        except Refused:
            if not made.is_over:
                pieces.drop(made)
            raise
    return _with_state(HttpResponse(status=201, headers={"Location": address}), made)


def _check_before(made: PartialUpload) -> None:
    thing = words.THINGS[Source.Kind(made.kind)]
    if not made.size_bytes:
        raise Refused(422, words.EMPTY.format(name=made.name, thing=thing))
    try:
        check_size(made.kind, made.name, made.size_bytes)
        check_room(made.team, made.kind, made.name, made.size_bytes)
    except forms.ValidationError as wrong:
        raise Refused(413, str(wrong.messages[0])) from None
    if pieces.unfinished(made.person).count() >= pieces.MAX_UNFINISHED:
        raise Refused(429, words.TOO_MANY_PARTS, Retry_After="3600")
    if shutil.disk_usage(settings.FILE_UPLOAD_TEMP_DIR).free < settings.MIN_FREE_BYTES + made.size_bytes:
        raise Refused(503, f"{FULL}.", Retry_After="60")


def _state(request: HttpRequest, way: Way, pk: UUID | None) -> HttpResponse:
    """How far it is. One that was whole when the studio died is taken in now."""
    upload = _mine(request, way, pk)
    if not upload.is_over:
        # A piece that is being written just now belongs to the answer.
        with pieces.opened(upload, wait=True):
            is_whole = pieces.offset_of(upload) == upload.size_bytes
        if is_whole and not upload.is_over:
            _finish(upload)
    headers = {"Upload-Length": str(upload.size_bytes)}
    if upload.metadata:
        headers["Upload-Metadata"] = upload.metadata
    return _with_state(HttpResponse(status=200, headers=headers), upload)


def _patch(request: HttpRequest, way: Way, pk: UUID | None) -> HttpResponse:
    if request.content_type != PIECE:
        raise Refused(415, words.WRONG_PIECE.format(type=PIECE))
    offset, checksum, upload = _number(request, "Upload-Offset"), _checksum(request), _mine(request, way, pk)
    _append(request, upload, offset, length(request), checksum)
    return _with_state(HttpResponse(status=204), upload)


def _append(request: HttpRequest, upload: PartialUpload, offset: int, size: int, checksum: Checksum | None) -> None:
    """A piece, at the end of what is here. With the last one the file is whole, and is taken in."""
    if upload.is_over:
        _check_piece(upload, upload.size_bytes, offset, size)
    else:
        with pieces.opened(upload) as file:
            _check_piece(upload, pieces.offset_of(upload), offset, size)
            try:
                with pieces.checked(cast(IO[bytes], request), size, checksum) as body:
                    pieces.append(upload, file, body, size)
            except pieces.Mismatch:
                raise Refused(460, words.WRONG_CHECKSUM) from None
            except OSError as wrong:
                if not noticed(wrong):
                    raise
                raise Refused(503, f"{FULL}.", Retry_After="60") from None
    if pieces.offset_of(upload) == upload.size_bytes:
        _finish(upload)


def _check_piece(upload: PartialUpload, here: int, offset: int, size: int) -> None:
    if offset != here:
        raise Refused(409, words.WRONG_OFFSET.format(offset=here), Upload_Offset=str(here))
    if offset + size > upload.size_bytes:
        raise Refused(413, words.BEYOND_END.format(size=upload.size_bytes))


def _finish(upload: PartialUpload) -> None:
    try:
        finish(upload)
    except forms.ValidationError as wrong:
        if upload.refusal:
            raise Refused(422, upload.refusal) from None
        raise Refused(503, str(wrong.messages[0]), Retry_After="5") from None


def _delete(request: HttpRequest, way: Way, pk: UUID | None) -> HttpResponse:
    """Ends it, and frees its room; what it has become stays."""
    upload = _mine(request, way, pk)
    if upload.is_over:
        pieces.drop(upload)
    else:
        with pieces.opened(upload):
            pieces.drop(upload)
    return HttpResponse(status=204)


_OF_ALL = {"POST": _create, "OPTIONS": _offer}
_OF_ONE = {"HEAD": _state, "PATCH": _patch, "DELETE": _delete, "OPTIONS": _offer}


def _mine(request: HttpRequest, way: Way, pk: UUID | None) -> PartialUpload:
    """The upload that this person has begun in a team where they can add uploads."""
    who, only = access.person(request), way.only(request)
    mine = PartialUpload.objects.filter(access.in_my_teams(request, "team__"), person=who, pk=str(pk))
    # With every piece: the role comes with the row.
    upload = mine.select_related("team").annotate(role=F("team__memberships__role")).first()
    if upload is None or (only and only != upload.team):
        raise Http404("no such upload")
    upload.person = who
    access.show_as(request, upload.team, upload.role)
    access.require(request, upload.team, Act.MAKE)
    return upload


def _with_state(response: HttpResponse, upload: PartialUpload) -> HttpResponse:
    response.headers["Upload-Offset"] = str(pieces.offset_of(upload))
    if upload.source_id:
        response.headers[UPLOAD] = str(upload.source_id)
    if not upload.is_over:
        response.headers["Upload-Expires"] = http_date(pieces.expires_at(upload))
    return response


def _number(request: HttpRequest, header: str) -> int:
    said = request.headers.get(header, "")
    if not _NUMBER.fullmatch(said):
        raise Refused(400, words.NO_NUMBER.format(header=header))
    return int(said)


def _first(request: HttpRequest) -> int:
    return length(request) if request.content_type == PIECE else 0


def _checksum(request: HttpRequest) -> Checksum | None:
    try:
        return checksum_in(request.headers.get("Upload-Checksum", ""))
    except ValueError:
        raise Refused(400, words.NO_CHECKSUM.format(algorithms=", ".join(ALGORITHMS))) from None
