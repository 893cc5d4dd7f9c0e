"""Targets: a URL taken apart once and strictly, the addresses behind it, and whether a request can go there."""

import re
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from queue import Empty, SimpleQueue
from threading import Thread
from urllib.parse import quote, urljoin, urlsplit

import idna

from wanstudio.work.elsewhere import elsewhere

from .errors import FetchError, FetchProblem
from .public_addresses import SERVICE_PORTS, is_public

Resolver = Callable[[str, int], Sequence[str]]
"""(host, port) -> textual addresses. Raises OSError for an unknown name."""

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_SIGNED = re.compile(r"(?i)(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s\"'\\]+")
_SAFE = "/%:@!$&'()*+,;=~-._[]"


@dataclass(frozen=True)
class Target:
    """Connecting uses these very pieces, so no second parser can read the URL differently."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def address(self) -> str:
        """`host:port`, the form in which exceptions are listed."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def netloc(self) -> str:
        usual = 443 if self.scheme == "https" else 80
        return self.address.removesuffix(f":{usual}")

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.path}"


def without_signatures(text: str) -> str:
    """The text without the signed part of presigned links: anyone who reads it could fetch the file."""
    return _SIGNED.sub(r"\1[secret]", text)


def parse(url: str) -> Target:
    """Takes an http or https URL apart; the fragment is dropped. Raises FetchError INVALID_URL for everything else."""
    url = url.strip(" ")
    # Before urlsplit, which silently drops tabs and line breaks; and browsers read a backslash as a slash.
    if _FORBIDDEN.search(url):
        raise _invalid("This link contains spaces or invalid characters. Copy it again.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _invalid("This is not a complete link. Copy it again, starting with https://.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise _invalid("This is not a web address. Use a link that starts with https:// or http://.")
    if "@" in parts.netloc:
        raise _invalid("The link contains a user name or a password. Use a link that opens without one.")
    try:
        host = _plain_host(parts.hostname)
    except ValueError:
        raise _invalid("The server name in this link is not valid. Check the link for typing errors.") from None
    path = quote(parts.path or "/", safe=_SAFE)
    if parts.query:
        path += "?" + quote(parts.query, safe=_SAFE + "?")
    return Target(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path)


def redirected(target: Target, location: str) -> Target:
    """Where a Location header leads, never from https to http. Raises FetchError INVALID_URL."""
    try:
        # Headers arrive as Latin-1, and what servers put there is often raw UTF-8.
        to = parse(urljoin(target.url, location.encode("latin-1").decode()))
    except ValueError:
        raise _invalid("The link redirects to something that is not a link. Use another one.") from None
    if (target.scheme, to.scheme) == ("https", "http"):
        raise _invalid("The link redirects from https to http, which is not secure. Use another one.")
    return to


def host_port(pair: str) -> str:
    """`Media.local.:8080` as a target's `address`, `media.local:8080`. Anything else stays as it is."""
    try:
        return parse(f"http://{pair}").address if re.search(r":\d+$", pair) else pair
    except FetchError:
        return pair


def _plain_host(host: str) -> str:
    """The host in ASCII, without the dot that can end it: with it, it would be another name for the same server.

    Refuses (ValueError) ways to write an address that only some programs understand.
    """
    if ":" in host:
        if "%" in host:
            raise ValueError(host)
        return str(IPv6Address(host))
    plain = (host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")).lower().removesuffix(".")
    if not _NAME.fullmatch(plain) or len(plain) > 253:
        raise ValueError(host)
    # 2130706433, 0177.0.0.1, 0x7f.1 and 127.1 are all 127.0.0.1 to getaddrinfo: only the usual form is taken.
    if _NUMBER.fullmatch(plain.rpartition(".")[2]):
        return str(IPv4Address(plain))
    return plain


def _invalid(sentence: str) -> FetchError:
    return FetchError(FetchProblem.INVALID_URL, sentence)


def system_resolver(host: str, port: int) -> list[str]:
    return list(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


@dataclass(frozen=True)
class Reach:
    """Where requests can go: web ports of public addresses, and the literal `host:port` pairs in `allowed_hosts`.

    `allowed_hosts` None: wherever the URL leads, for one that is ours. `tls` None: the usual authorities.
    """

    allowed_hosts: frozenset[str] | None = None
    resolver: Resolver = system_resolver
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    def addresses(self, target: Target, timeout_s: float) -> list[str]:
        """The addresses of a target, every one public, unless its literal host:port is an exception.

        One private address among public ones refuses the name: such a mix is an attempt to have the wrong one used.
        Raises FetchError PRIVATE_ADDRESS, SERVICE_PORT, UNREACHABLE or TIMED_OUT.
        """
        allowed = self.allowed_hosts is None or target.address in self.allowed_hosts
        try:
            addresses = [str(ip_address(target.host))]
        except ValueError:
            addresses = _resolve(target, self.resolver, timeout_s)
        if not allowed and not all(is_public(ip_address(address)) for address in addresses):
            raise FetchError(FetchProblem.PRIVATE_ADDRESS)
        if not allowed and target.port in SERVICE_PORTS:
            raise FetchError(FetchProblem.SERVICE_PORT)
        return addresses


def _resolve(target: Target, resolver: Resolver, timeout_s: float) -> list[str]:
    # In a separate thread, since getaddrinfo cannot be interrupted and a dead name server holds it for half a minute.
    answers: SimpleQueue[list[str]] = SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(list(resolver(target.host, target.port)))
        except (OSError, UnicodeError):
            answers.put([])

    Thread(target=look_up, daemon=True).start()
    try:
        with elsewhere():
            addresses = answers.get(timeout=timeout_s)
    except Empty:
        raise FetchError(
            FetchProblem.TIMED_OUT, "Looking up the server of this link took too long. Try again in a minute."
        ) from None
    if not addresses:
        raise FetchError(
            FetchProblem.UNREACHABLE, "There is no server with that name. Check the link for typing errors."
        )
    return addresses
