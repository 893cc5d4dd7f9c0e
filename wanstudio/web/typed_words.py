"""Typed words: the content of a refused form, put back into the same form for the person who typed it.

Signed out, an old token, a failure of ours: nothing was done, and nothing is sent again without a click. The words are
kept for a day in the cache, encrypted, under a number that only this browser's cookie has.
"""

import json
import re
from contextlib import suppress
from hashlib import sha256
from secrets import token_urlsafe
from typing import TypedDict

from allauth.core import ratelimit
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.core.exceptions import SuspiciousOperation
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string

from wanstudio.encryption.encrypted_fields import derived_keys
from wanstudio.web.form_filling import fill

# Signed, in every form: person and page. Without it nothing is kept: strangers fill neither cache nor forms.
FIELD = "typed_by"
# Names of fields that are never kept. A test asserts that every password field is among them.
SECRET = re.compile(r"password|secret|token|credential|\bkey\b|\bcode\b", re.IGNORECASE)
KEPT_S = 24 * 60 * 60
MAX_FORMS, MAX_BYTES, MAX_BYTES_OF_GUESTS = 5, 256 * 1024, 16 * 1024
GUEST = "guest"
# On pages of shared links everyone is a guest, signed in or not.
SHARED = "/s/"


class Kept(TypedDict):
    who: str
    path: str
    fields: dict[str, list[str]]


def mark(request: HttpRequest, page: str) -> str:
    """The value of FIELD in a form for this person on this page."""
    return signing.dumps([_who(request), page], salt=FIELD)


def marked(request: HttpRequest) -> tuple[str, str] | None:
    """The person who typed the posted form, and its page; None without a valid mark."""
    with suppress(signing.BadSignature, ValueError, OSError, SuspiciousOperation, MultiPartParserError):
        who, page = signing.loads(request.POST.get(FIELD, ""), salt=FIELD)
        return str(who), str(page)
    return None


def keep(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Keeps what was posted for the person who typed it. False: there is nothing that can be kept."""
    if (by := marked(request)) is None:
        return False
    names = [name for name in request.POST if not SECRET.search(name) and name not in (FIELD, "csrfmiddlewaretoken")]
    fields = {name: request.POST.getlist(name) for name in names}
    form = Kept(who=by[0], path=request.path, fields=fields)
    with suppress(DatabaseError):
        if by[0] != GUEST or ratelimit.consume(request, action="typed_words"):
            return _write(request, response, [*(one for one in _kept(request) if one != form), form][-MAX_FORMS:])
    return False


def put_back(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """The page with what this person typed into its forms before."""
    is_page = response.headers.get("Content-Type", "").startswith("text/html")
    if isinstance(response, HttpResponse) and is_page and (mine := _mine(request)):
        response.content = fill(
            response.content.decode(),
            request.path,
            [(form["path"], form["fields"]) for form in reversed(mine)],
            lambda files: render_to_string("ui/_typed_again.html", {"files": files}),
        )
    return response


def fields_of(request: HttpRequest, *paths: str) -> dict[str, str]:
    """What this person's form for one of these paths held, for a view that shows more of it than its fields."""
    newest = [form for form in _mine(request) if form["path"] in paths][-1:]
    return {name: values[0] for form in newest for name, values in form["fields"].items() if values}


def forget(request: HttpRequest, response: HttpResponseBase, path: str) -> None:
    """Deletes what was kept of the form for this path, which was accepted."""
    mine = [form for form in _mine(request) if form["path"] == path]
    if mine:
        _write(request, response, [form for form in _kept(request) if form not in mine])


def _who(request: HttpRequest) -> str:
    return GUEST if request.path.startswith(SHARED) else str(request.user.pk or GUEST)


def _mine(request: HttpRequest) -> list[Kept]:
    return [form for form in _kept(request) if form["who"] == _who(request)]


def _kept(request: HttpRequest) -> list[Kept]:
    with suppress(InvalidToken, DatabaseError):
        if (number := request.COOKIES.get(_cookie())) and (kept := cache.get(_row(number))):
            found: list[Kept] = json.loads(derived_keys(FIELD).decrypt(kept))
            return found
    return []


def _write(request: HttpRequest, response: HttpResponseBase, forms: list[Kept]) -> bool:
    number = request.COOKIES.get(_cookie()) or token_urlsafe(24)
    text = json.dumps(forms).encode()
    max_bytes = MAX_BYTES_OF_GUESTS if forms and forms[-1]["who"] == GUEST else MAX_BYTES
    if len(text) > max_bytes:
        return len(forms) > 1 and _write(request, response, forms[1:])
    if forms:
        cache.set(_row(number), derived_keys(FIELD).encrypt(text).decode(), KEPT_S)
    else:
        cache.delete(_row(number))
    lasts = KEPT_S if forms else 0
    response.set_cookie(_cookie(), number, lasts, secure=settings.HTTPS, httponly=True, samesite="Lax")
    return bool(forms)


def _row(number: str) -> str:
    return f"typed:{sha256(number.encode()).hexdigest()}"


def _cookie() -> str:
    return "__Host-typed" if settings.HTTPS else "wanstudio_typed"
