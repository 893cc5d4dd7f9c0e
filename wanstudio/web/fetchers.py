"""Guarded fetchers, each with the hosts that it may fetch from, and the reach of the studio's own address."""

import ipaddress
from urllib.parse import urlsplit

from django.conf import settings

from wanstudio.media.errors import FetchError
from wanstudio.media.fetch import Fetcher
from wanstudio.media.targets import is_public, parse
from wanstudio.settings_types import is_loopback


def is_reachable(provider: str) -> bool:
    """True if the provider can fetch our files and call us back."""
    return is_loopback(settings.PROVIDERS[provider][0]) or _is_public_https(settings.WANSTUDIO_URL)


def _is_public_https(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        return parts.scheme == "https" and ipaddress.ip_address(host).is_global
    except ValueError:
        return parts.scheme == "https" and "." in host and not host.endswith((".local", ".internal", ".localhost"))


def peoples_fetcher() -> Fetcher:
    """For a link a person gave: public addresses and the listed exceptions."""
    return Fetcher(settings.PRIVATE_HOSTS)


def webhook_refusal(url: str) -> str:
    """The reason why events may not be posted there; empty if they may. The name is looked up at each delivery."""
    try:
        target = parse(url)
    except FetchError as wrong:
        return wrong.sentence
    if target.address in settings.PRIVATE_HOSTS:
        return ""
    if target.scheme != "https":
        return "Use an address that begins with https://."
    try:
        public = is_public(ipaddress.ip_address(target.host))
    except ValueError:
        public = "." in target.host.rstrip(".") and not target.host.endswith((".local", ".internal", ".localhost"))
    return "" if public else "This address is private. Use one that anyone on the internet can reach."


def results_fetcher(provider: str) -> Fetcher:
    """For a result: the same, and the provider's own host."""
    return Fetcher({*settings.PRIVATE_HOSTS, host_port(settings.PROVIDERS[provider][0])})


def sandbox_fetcher() -> Fetcher:
    """For the sandbox's inputs: the same as for people, and our own links."""
    return Fetcher({*settings.PRIVATE_HOSTS, host_port(settings.LINK_BASE)})


def host_port(url: str) -> str:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
