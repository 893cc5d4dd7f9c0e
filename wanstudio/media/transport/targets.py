"""Targets: a URL taken apart once and strictly."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote, urljoin, urlsplit

import idna

from wanstudio.media.errors import FetchError, FetchProblem

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")
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


def parse(url: str) -> Target:
    """Takes an http or https URL apart; the fragment is dropped. Raises FetchError INVALID_URL for everything else."""
    url = url.strip(" ")
    # Before urlsplit, which silently drops tabs and line breaks; and browsers read a backslash as a slash.
    if _FORBIDDEN.search(url):
        raise _invalid("This link contains spaces or signs that do not belong in one. Copy it again.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _invalid("This is not a complete link. Copy it again, beginning with https://.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise _invalid("This is not a web address. Use a link that begins with https:// or http://.")
    if "@" in parts.netloc:
        raise _invalid("The link contains a user name or a password. Use a link that opens without one.")
    try:
        host = _plain_host(parts.hostname)
    except ValueError:
        raise _invalid("The server's name in this link is not a usual one. Check the link for typing errors.") from None
    path = quote(parts.path or "/", safe=_SAFE)
    if parts.query:
        path += "?" + quote(parts.query, safe=_SAFE + "?")
    return Target(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path)


def redirected(target: Target, location: str) -> Target:
    """Where a Location header leads. Headers arrive as Latin-1, and what servers put there is often raw UTF-8."""
    try:
        location = location.encode("latin-1").decode()
    except UnicodeError:
        raise _invalid("The link redirects to something that is not a link. Use another one.") from None
    try:
        return parse(urljoin(target.url, location))
    except ValueError:
        raise _invalid("The link redirects to something that is not a link. Use another one.") from None


def _plain_host(host: str) -> str:
    """The host in ASCII. Refuses (ValueError) ways to write an address that only some programs understand."""
    if ":" in host:
        if "%" in host:
            raise ValueError(host)
        return str(IPv6Address(host))
    plain = (host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")).lower()
    if not _NAME.fullmatch(plain) or len(plain) > 253:
        raise ValueError(host)
    # 2130706433, 0177.0.0.1, 0x7f.1 and 127.1 are all 127.0.0.1 to getaddrinfo: only the usual form is taken.
    if _NUMBER.fullmatch(plain.removesuffix(".").rpartition(".")[2]):
        return str(IPv4Address(plain.removesuffix(".")))
    return plain


def _invalid(sentence: str) -> FetchError:
    return FetchError(FetchProblem.INVALID_URL, sentence)
