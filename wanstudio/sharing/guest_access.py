"""What a guest of a shared link carries, and how often they may guess its password."""

import ipaddress
import time
from hashlib import sha256

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from wanstudio.sharing.models import ShareLink

PASS, VISIT = "share", "seen"
PASS_S = 7 * 24 * 60 * 60
# Who comes back later than this visits again.
VISIT_S = 30 * 60
WINDOW_S = 10 * 60
# Of one address, at one link. Nobody else is kept out by it, and neither is this address from another link.
TRIES = 5
# Of all addresses together, at one link. Then each address has one try: who knows the password still gets in.
TRIES_OF_ALL = 100
# Comments of guests in one window: of one address, and of all together.
SAID, SAID_OF_ALL = 15, 200
# What fetches a page to draw its preview, or to know it; a person's browser says none of this.
MACHINES = ("bot", "crawl", "spider", "preview", "facebookexternalhit", "whatsapp", "slack", "embed", "skypeuripreview")


def has_pass(request: HttpRequest, link: ShareLink) -> bool:
    """Whether this browser may see it: there is no password, or it was entered here and has not changed since."""
    return not link.password or constant_time_compare(request.COOKIES.get(_name(PASS, link), ""), link.pass_mark)


def give_pass(response: HttpResponse, link: ShareLink, token: str) -> None:
    _keep(response, link, token, PASS, link.pass_mark, PASS_S)


def note_visit(request: HttpRequest, response: HttpResponse, link: ShareLink, token: str) -> None:
    """Counts a person once a visit: going on watching, and reloading, are the same one. Previews are nobody's."""
    if request.method != "GET" or _is_machine(request):
        return
    if _name(VISIT, link) not in request.COOKIES:
        link.note_view()
    _keep(response, link, token, VISIT, "1", VISIT_S)


def _is_machine(request: HttpRequest) -> bool:
    told = request.headers.get("User-Agent", "").lower()
    early = request.headers.get("Sec-Purpose", request.headers.get("Purpose", "")).lower()
    return any(word in told for word in MACHINES) or "prefetch" in early or "preview" in early


def _name(kind: str, link: ShareLink) -> str:
    """Over https only we can have set a `__Host-` cookie; its price is that it is sent to every page of ours."""
    return f"__Host-{kind}-{link.digest[:16]}" if settings.HTTPS else f"wanstudio_{kind}"


def _keep(response: HttpResponse, link: ShareLink, token: str, kind: str, value: str, age_s: int) -> None:
    response.set_cookie(
        _name(kind, link),
        value,
        max_age=age_s,
        path="/" if settings.HTTPS else reverse("shared.show", args=[token]),
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def may_guess(request: HttpRequest, link: ShareLink) -> bool:
    """Takes one of the tries that are left, before the password is looked at: many at once get no more of them.

    In the cache that all web processes share. A slot is added, never counted up: adding is what a database does once.
    """
    window = int(time.time()) // WINDOW_S
    mine = f"share-guess:{link.pk}:{window}:{_address(request)}"
    everybodys = f"share-guess:{link.pk}:{window}:all"
    hurried = cache.get(f"{everybodys}:{TRIES_OF_ALL - 1}") is not None
    if not _take(mine, 1 if hurried else TRIES):
        return False
    _take(everybodys, TRIES_OF_ALL)
    return True


def may_speak(request: HttpRequest, link: ShareLink) -> bool:
    """Takes one of the comments that this address, and everybody at this link, may still write."""
    window = int(time.time()) // WINDOW_S
    mine = _take(f"share-said:{link.pk}:{window}:{_address(request)}", SAID)
    return mine and _take(f"share-said:{link.pk}:{window}:all", SAID_OF_ALL)


def _take(key: str, slots: int) -> bool:
    return any(cache.add(f"{key}:{number}", 1, 2 * WINDOW_S) for number in range(slots))


def forgive(request: HttpRequest, link: ShareLink) -> None:
    """Who got in has their tries back."""
    window = int(time.time()) // WINDOW_S
    cache.delete_many(f"share-guess:{link.pk}:{window}:{_address(request)}:{number}" for number in range(TRIES))


def _address(request: HttpRequest) -> str:
    """A short name for where somebody sits. Of IPv6 the network: one household has as many addresses as it likes."""
    told = request.META.get("REMOTE_ADDR", "")
    try:
        ip = ipaddress.ip_address(told)
    except ValueError:
        return sha256(told.encode()).hexdigest()[:32]
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((int(ip), 64), strict=False).network_address).replace(":", "-")
    return str(ip)
