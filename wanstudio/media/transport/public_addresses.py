"""Public addresses: an allow-list of global unicast, checked before every connection.

The networks are written out, because what `ipaddress` calls global differs between Python releases and includes
multicast. Source: the IANA special-purpose registries for IPv4 and IPv6.
"""

import socket
import ssl
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from queue import Empty, SimpleQueue
from threading import Thread

from wanstudio.media.errors import FetchError, FetchProblem

from .targets import Target

Resolver = Callable[[str, int], Sequence[str]]
"""(host, port) -> textual addresses. Raises OSError for an unknown name."""

_NOT_PUBLIC_V4 = tuple(
    IPv4Network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        # Looks public, but is answered by the host of every Azure machine.
        "168.63.129.16/32",
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")
# Special although inside 2000::/3: IETF protocols (Teredo among them), documentation twice, 6to4.
_NOT_PUBLIC_V6 = tuple(IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "3fff::/20", "2002::/16"))
_NAT64 = IPv6Network("64:ff9b::/96")


def checked_addresses(
    target: Target, allowed_hosts: Collection[str], resolver: Resolver, timeout_s: float
) -> list[str]:
    """The addresses of a target, every one public, unless its literal host:port is an exception.

    One private address among public ones refuses the name: whoever mixes them wants us to pick the wrong one.
    Raises FetchError PRIVATE_ADDRESS, UNREACHABLE or TIMED_OUT.
    """
    try:
        addresses = [str(ip_address(target.host))]
    except ValueError:
        addresses = _resolve(target, resolver, timeout_s)
    if target.address not in allowed_hosts and not all(is_public(ip_address(address)) for address in addresses):
        raise FetchError(
            FetchProblem.PRIVATE_ADDRESS,
            "This link leads to a private address, and those are not fetched. "
            "Use a link that anyone on the internet can open.",
        )
    return addresses


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """True for a global unicast address; an IPv4 address inside an IPv6 one is judged by itself."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    inner = address.ipv4_mapped
    if inner is None and address in _NAT64:
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        return is_public(inner)
    return address in _GLOBAL_V6 and not any(address in network for network in _NOT_PUBLIC_V6)


def system_resolver(host: str, port: int) -> list[str]:
    return list(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


@dataclass(frozen=True)
class Reach:
    """Where requests may go: public addresses and the literal `host:port` pairs in `allowed_hosts`.

    `allowed_hosts` None: wherever the URL leads, for one that is ours. `tls` None: the usual authorities.
    """

    allowed_hosts: frozenset[str] | None = None
    resolver: Resolver = system_resolver
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    def addresses(self, target: Target, timeout_s: float) -> list[str]:
        """As `checked_addresses`."""
        allowed = (target.address,) if self.allowed_hosts is None else self.allowed_hosts
        return checked_addresses(target, allowed, self.resolver, timeout_s)


def _resolve(target: Target, resolver: Resolver, timeout_s: float) -> list[str]:
    # In a thread of its own, since getaddrinfo cannot be interrupted and a dead name server holds it for half a minute.
    answers: SimpleQueue[list[str]] = SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(list(resolver(target.host, target.port)))
        except (OSError, UnicodeError):
            answers.put([])

    Thread(target=look_up, daemon=True).start()
    try:
        addresses = answers.get(timeout=timeout_s)
    except Empty:
        raise FetchError(
            FetchProblem.TIMED_OUT, "Looking up the server of this link took too long. Try again in a minute."
        ) from None
    if not addresses:
        raise FetchError(FetchProblem.UNREACHABLE, "There is no server of that name. Check the link for typing errors.")
    return addresses
