"""Reverse proxies: the address and the scheme of who asks, as trusted ones tell them."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from wanstudio.web.middleware import Middleware


class TrustedProxies(Middleware):
    """Believes `X-Forwarded-For` and `-Proto` from the proxies in `WANSTUDIO_TRUSTED_PROXIES` only."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if _is_trusted(request.META.get("REMOTE_ADDR", "")):
            chain = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
            for hop in reversed(chain):
                if not _is_address(hop):
                    # A client or a proxy wrote something there that is no address.
                    break
                request.META["REMOTE_ADDR"] = hop
                if not _is_trusted(hop):
                    break
            request.META["wsgi.url_scheme"] = _scheme(request)
        request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        return self._get_response(request)


def _scheme(request: HttpRequest) -> str:
    named = request.META.get("HTTP_X_FORWARDED_PROTO", "")
    return named if named in ("http", "https") else str(request.META.get("wsgi.url_scheme", "http"))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_trusted(address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(ip in network for network in settings.TRUSTED_PROXIES)
