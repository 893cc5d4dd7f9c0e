"""Guest access to a share link: headers, cookies, visits, limits on guesses and comments. Views check the password."""

import ipaddress
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from hashlib import sha256
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.db.models import F
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST

from wanstudio.sharing.models import ShareLink
from wanstudio.web.middleware import Middleware
from wanstudio.web.typed_words import SHARED

P = ParamSpec("P")

# Cookies: for how long, in seconds. After the second, a return counts as a new visit.
UNLOCKED, VISITED, VISIT = "share", "seen", "visit"
MAX_AGE_S = {UNLOCKED: 7 * 24 * 60 * 60, VISITED: 30 * 60, VISIT: 12 * 60 * 60}
# Of an address of the file where guests cannot download. The player asks its page for another one.
PLAYS_FOR_S = 5 * 60
# What a browser says that it wants a file for: the player, or nothing, as over http and in old ones.
PLAYERS = ("video", "")
WINDOW_S = 10 * 60
# Of one address, at one link: it blocks no other address, and no other link.
MAX_GUESSES = 5
# Of all addresses together, at one link. Then each has one guess left, so that the password still works.
MAX_GUESSES_OF_ALL = 100
# Comments of guests in one window: of one address, and of all together.
MAX_COMMENTS, MAX_COMMENTS_OF_ALL = 15, 200
# What fetches a page to show its preview, or to index it; a person's browser says none of this.
MACHINES = ("bot", "crawl", "spider", "preview", "facebookexternalhit", "whatsapp", "slack", "embed", "skypeuripreview")
# Addresses that give access on their own, and are passed on.
MAILED_PATHS = ("/invite/", "/spending/by-mail/", "/unsubscribe/", "/account/email/", "/accounts/password/reset/")


class Unlisted(Middleware):
    """Nothing under a shared link is cached, indexed or sent as a referrer: pages, files and refusals."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if request.path.startswith(SHARED):
            response.headers["X-Robots-Tag"] = "noindex, nofollow"
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["Cache-Control"] = "private, no-store"
        elif request.path.startswith(MAILED_PATHS):
            response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response


def is_unlocked(request: HttpRequest, link: ShareLink) -> bool:
    """Whether this browser can see it: there is no password, or it was entered here and has not changed since."""
    given = request.COOKIES.get(_name(UNLOCKED, link), "")
    return not link.password or constant_time_compare(given, link.unlock_mark)


def note_visit(request: HttpRequest, response: HttpResponse, link: ShareLink, token: str) -> HttpResponse:
    """Counts a person once a visit: reloads belong to the same visit, and previews do not count."""
    if request.method == "GET" and not _is_machine(request):
        if _name(VISITED, link) not in request.COOKIES:
            ShareLink.objects.filter(pk=link.pk).update(views=F("views") + 1, last_seen_at=Now())
        set_cookie(response, VISITED, link, token, "1")
    if not link.may_download:
        set_cookie(response, VISIT, link, token, _visit(request, link))
    return response


def player_address(request: HttpRequest, link: ShareLink, token: str, pk: int) -> str:
    """The file for the player of this page. Where guests cannot download: of this visit alone, and for some minutes."""
    address = reverse("shared.file", args=[token, pk])
    return address if link.may_download else f"{address}?visit={_signer(request, link, pk).sign('')[1:]}"


def may_play(request: HttpRequest, link: ShareLink, pk: int) -> bool:
    """Whether a player asks, with an address that this browser was given by `player_address`."""
    # Without a stated purpose, the Accept header tells: a player does not ask for a page.
    if request.headers.get("Sec-Fetch-Dest", "") not in PLAYERS or "text/html" in request.headers.get("Accept", ""):
        return False
    with suppress(signing.BadSignature):
        return _signer(request, link, pk).unsign(f":{request.GET.get('visit', '')}", max_age=PLAYS_FOR_S) == ""
    return False


def _signer(request: HttpRequest, link: ShareLink, pk: int) -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=f"wanstudio.visit:{link.pk}:{pk}:{_visit(request, link)}")


def _visit(request: HttpRequest, link: ShareLink) -> str:
    """What this browser's visits have in common, and no address holds: new, where it has brought none along."""
    return request.COOKIES.setdefault(_name(VISIT, link), secrets.token_urlsafe(16))


def _is_machine(request: HttpRequest) -> bool:
    agent = request.headers.get("User-Agent", "").lower()
    early = request.headers.get("Sec-Purpose", request.headers.get("Purpose", "")).lower()
    return any(word in agent for word in MACHINES) or "prefetch" in early or "preview" in early


def _name(cookie: str, link: ShareLink) -> str:
    """Over https only we can have set a `__Host-` cookie; its cost is that it is sent to every page of the studio."""
    return f"__Host-{cookie}-{link.digest[:16]}" if settings.HTTPS else f"wanstudio_{cookie}"


def set_cookie(response: HttpResponse, cookie: str, link: ShareLink, token: str, value: str) -> None:
    response.set_cookie(
        _name(cookie, link),
        value,
        max_age=MAX_AGE_S[cookie],
        path="/" if settings.HTTPS else reverse("shared.show", args=[token]),
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def may_guess(request: HttpRequest, link: ShareLink) -> bool:
    """Takes one of the guesses that are left, before the password is looked at: many at once get no more of them.

    In the cache that all web processes share. A slot is added, never counted up: adding is what a database does once.
    """
    mine, everybodys = _keys("share-guess", request, link)
    hurried = cache.get(f"{everybodys}:{MAX_GUESSES_OF_ALL - 1}") is not None
    if not _take(mine, 1 if hurried else MAX_GUESSES):
        return False
    _take(everybodys, MAX_GUESSES_OF_ALL)
    return True


def may_comment(request: HttpRequest, link: ShareLink) -> bool:
    """Takes one of the comments that this address, and everyone at this link, can still write."""
    mine, everybodys = _keys("share-said", request, link)
    return _take(mine, MAX_COMMENTS) and _take(everybodys, MAX_COMMENTS_OF_ALL)


def return_guesses(request: HttpRequest, link: ShareLink) -> None:
    mine, _ = _keys("share-guess", request, link)
    cache.delete_many(f"{mine}:{number}" for number in range(MAX_GUESSES))


def _keys(what: str, request: HttpRequest, link: ShareLink) -> tuple[str, str]:
    """Of this address, and of all together, in the window of now."""
    window = f"{what}:{link.pk}:{int(time.time()) // WINDOW_S}"
    return f"{window}:{_address(request)}", f"{window}:all"


def _take(key: str, slots: int) -> bool:
    return any(cache.add(f"{key}:{number}", 1, 2 * WINDOW_S) for number in range(slots))


def _address(request: HttpRequest) -> str:
    """A short name for a guest's network. Of IPv6 the network: one household has any number of addresses."""
    given = request.META.get("REMOTE_ADDR", "")
    with suppress(ValueError):
        given = str(ipaddress.ip_network((given, 64 if ":" in given else 32), strict=False))
    return sha256(given.encode()).hexdigest()[:32]


def guest_post(view: Callable[Concatenate[HttpRequest, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """A form of a shared page. A browser that must not say where it comes from sends `Origin: null` with it.

    It counts as missing: the form's token must still match the cookie, and another site has neither.
    """
    protected = csrf_protect(require_POST(view))

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.META.get("HTTP_ORIGIN") == "null":
            request.META["HTTP_ORIGIN"] = f"{request.scheme}://{request.get_host()}"
        return protected(request, *args, **kwargs)

    return answer
