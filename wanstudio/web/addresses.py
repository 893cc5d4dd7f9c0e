"""Addresses: the pages of rows, the studio's own reach, and the hosts that each guarded fetcher can fetch from."""

import ipaddress
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.urls import NoReverseMatch, reverse

from wanstudio.media.errors import FetchError, FetchProblem
from wanstudio.media.fetch import Fetcher
from wanstudio.media.public_addresses import SERVICE_PORTS, is_public
from wanstudio.media.targets import host_port, parse
from wanstudio.settings_types import is_loopback

SET_ADDRESS = "Set WANSTUDIO_URL to the address that people open."
# Model to the route of its page, and whether the route wants the row's id.
PAGES = {
    "job": ("jobs.show", True),
    "video": ("videos.show", True),
    "collection": ("collections.index", False),
    "source": ("uploads.index", False),
    "team": ("team.show", False),
    "membership": ("team.show", False),
    "invitation": ("team.show", False),
    "spendrequest": ("requests.show", True),
    "providerkey": ("settings.show", False),
    "webhook": ("webhook.show", False),
}


def is_reachable(provider: str) -> bool:
    """True if the provider can fetch our files from us and call us back."""
    parts = urlsplit(settings.WANSTUDIO_URL)
    public = parts.scheme == "https" and _is_public(parts.hostname or "")
    return is_loopback(settings.PROVIDERS[provider][0]) or public


def can_fetch_uploads(provider: str) -> bool:
    """True if the provider can fetch uploaded files: from the bucket if one is set, else from us.

    A provider with a private address is taken to be in the bucket's own network.
    """
    if not settings.BUCKET:
        return is_reachable(provider)
    addresses = settings.BUCKET.origin, settings.PROVIDERS[provider][0]
    bucket, its_own = (_is_public(urlsplit(address).hostname or "") for address in addresses)
    return bucket or not its_own


def _is_public(host: str) -> bool:
    """True for a name, or an address, that anyone on the internet can reach; names are not looked up."""
    host = host.removesuffix(".")
    try:
        return is_public(ipaddress.ip_address(host))
    except ValueError:
        return "." in host and not host.endswith((".local", ".internal", ".localhost"))


def fetcher(*trusted: str) -> Fetcher:
    """Fetches from public addresses, the listed exceptions, and the hosts of these URLs: the provider's, or our own."""
    return Fetcher({*settings.PRIVATE_HOSTS, *(parse(url).address for url in trusted)})


def webhook_refusal(url: str) -> str:
    """The reason why events cannot be posted there; empty if they can. The name is looked up at each delivery."""
    try:
        target = parse(url)
    except FetchError as wrong:
        return wrong.sentence
    if target.address in map(host_port, settings.PRIVATE_HOSTS):
        return ""
    if target.port in SERVICE_PORTS:
        return FetchProblem.SERVICE_PORT
    if target.scheme != "https":
        return "Use an address that starts with https://."
    return "" if _is_public(target.host) else "This address is private. Use one that anyone on the internet can reach."


def path_of(thing: str, pk: int | None) -> str:
    """The path of its page, empty for what has none."""
    route, wants_id = PAGES.get(thing, ("", False))
    try:
        return reverse(route, args=[pk] if wants_id else []) if route else ""
    except NoReverseMatch:
        return ""


def path_to(row: models.Model | None) -> str:
    return path_of(row._meta.model_name or "", row.pk) if row else ""


def address_of(path: str) -> str:
    """The same with the studio's address before it, in every mail, link and answer: never the host of a request."""
    return f"{settings.ADDRESS}{path}"


def link_problem() -> str:
    """The reason why no one else can open our links; empty if they can."""
    if not is_loopback(settings.ADDRESS):
        return ""
    return f"Links begin with {settings.ADDRESS}, which only opens on this machine. {SET_ADDRESS}"


def mail_problem() -> str:
    """The same of the links in mails, if a mail server is set."""
    problem = link_problem() if urlsplit(settings.EMAIL_URL).hostname else ""
    return problem and f"Mails are sent, but others cannot open their links. {problem}"
