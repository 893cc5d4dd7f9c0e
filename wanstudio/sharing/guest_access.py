"""Guest access to a shared link: what a browser carries of it, and how often it may guess and comment."""

import ipaddress
import time
from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import Concatenate, NamedTuple, ParamSpec

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST

from wanstudio.sharing.models import ShareLink
from wanstudio.sharing.verbs import note_view

P = ParamSpec("P")


class Cookie(NamedTuple):
    name: str
    max_age_s: int


UNLOCKED = Cookie("share", 7 * 24 * 60 * 60)
# Who comes back later than this visits again.
VISITED = Cookie("seen", 30 * 60)
WINDOW_S = 10 * 60
# Of one address, at one link. Nobody else is kept out by it, and neither is this address from another link.
MAX_GUESSES = 5
# Of all addresses together, at one link. Then each address has one guess: who knows the password still gets in.
MAX_GUESSES_OF_ALL = 100
# Comments of guests in one window: of one address, and of all together.
MAX_COMMENTS, MAX_COMMENTS_OF_ALL = 15, 200
# What fetches a page to show its preview, or to index it; a person's browser says none of this.
MACHINES = ("bot", "crawl", "spider", "preview", "facebookexternalhit", "whatsapp", "slack", "embed", "skypeuripreview")


def is_unlocked(request: HttpRequest, link: ShareLink) -> bool:
    """Whether this browser may see it: there is no password, or it was entered here and has not changed since."""
    given = request.COOKIES.get(_name(UNLOCKED, link), "")
    return not link.password or constant_time_compare(given, link.unlock_mark)


def remember_unlocked(response: HttpResponse, link: ShareLink, token: str) -> None:
    _set(response, UNLOCKED, link, token, link.unlock_mark)


def note_visit(request: HttpRequest, response: HttpResponse, link: ShareLink, token: str) -> None:
    """Counts a person once a visit: going on watching, and reloading, are the same one. Previews are nobody's."""
    if request.method != "GET" or _is_machine(request):
        return
    if _name(VISITED, link) not in request.COOKIES:
        note_view(link)
    _set(response, VISITED, link, token, "1")


def _is_machine(request: HttpRequest) -> bool:
    agent = request.headers.get("User-Agent", "").lower()
    early = request.headers.get("Sec-Purpose", request.headers.get("Purpose", "")).lower()
    return any(word in agent for word in MACHINES) or "prefetch" in early or "preview" in early


def _name(cookie: Cookie, link: ShareLink) -> str:
    """Over https only we can have set a `__Host-` cookie; its price is that it is sent to every page of ours."""
    return f"__Host-{cookie.name}-{link.digest[:16]}" if settings.HTTPS else f"wanstudio_{cookie.name}"


def _set(response: HttpResponse, cookie: Cookie, link: ShareLink, token: str, value: str) -> None:
    response.set_cookie(
        _name(cookie, link),
        value,
        max_age=cookie.max_age_s,
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
    """Takes one of the comments that this address, and everybody at this link, may still write."""
    mine, everybodys = _keys("share-said", request, link)
    return _take(mine, MAX_COMMENTS) and _take(everybodys, MAX_COMMENTS_OF_ALL)


def return_guesses(request: HttpRequest, link: ShareLink) -> None:
    """After the right one."""
    mine, _ = _keys("share-guess", request, link)
    cache.delete_many(f"{mine}:{number}" for number in range(MAX_GUESSES))


def _keys(what: str, request: HttpRequest, link: ShareLink) -> tuple[str, str]:
    """Of this address, and of all together, in the window of now."""
    window = f"{what}:{link.pk}:{int(time.time()) // WINDOW_S}"
    return f"{window}:{_address(request)}", f"{window}:all"


def _take(key: str, slots: int) -> bool:
    return any(cache.add(f"{key}:{number}", 1, 2 * WINDOW_S) for number in range(slots))


def _address(request: HttpRequest) -> str:
    """A short name for where somebody sits. Of IPv6 the network: one household has as many addresses as it likes."""
    given = request.META.get("REMOTE_ADDR", "")
    try:
        ip = ipaddress.ip_address(given)
    except ValueError:
        return sha256(given.encode()).hexdigest()[:32]
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((int(ip), 64), strict=False).network_address).replace(":", "-")
    return str(ip)


def guest_post(view: Callable[Concatenate[HttpRequest, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """A form of a shared page. A browser that may not say where it comes from sends `Origin: null` with it.

    That is as good as none: the form's token must still be the cookie's, and no other site has either.
    """
    protected = csrf_protect(require_POST(view))

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.META.get("HTTP_ORIGIN") == "null":
            request.META["HTTP_ORIGIN"] = f"{request.scheme}://{request.get_host()}"
        return protected(request, *args, **kwargs)

    return answer
