"""Public addresses and ports: written out, so that the verdict is the same with every release of Python.

Sources: IANA's special-purpose registries for IPv4 and IPv6, its IPv6 global unicast assignments (as of November 2024),
and the bad ports of the Fetch standard. A few networks are refused although IANA calls them globally reachable: each
is an anycast service or an identifier, no server of files, and answered by the network nearest to us, often our own.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

_NOT_PUBLIC_V4 = tuple(
    IPv4Network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        # IETF protocols, PCP and TURN anycast among them; documentation; benchmarks.
        *("192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        # Anycast: AS112, AMT, the relays of 6to4, AS112 again.
        *("192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24"),
        # Multicast; reserved, and broadcast.
        *("224.0.0.0/4", "240.0.0.0/4"),
        # Looks public, but the host of every Azure machine answers at it.
        "168.63.129.16/32",
    )
)
# Assigned to the regional registries. The rest of 2000::/3 is unassigned: a private network can use it.
_ASSIGNED_V6 = tuple(
    IPv6Network(network)
    for network in (
        *("2001:200::/23", "2001:400::/23", "2001:600::/23", "2001:800::/22", "2001:c00::/23", "2001:e00::/23"),
        *("2001:1200::/23", "2001:1400::/22", "2001:1800::/23", "2001:1a00::/23", "2001:1c00::/22", "2001:2000::/19"),
        *("2001:4000::/23", "2001:4200::/23", "2001:4400::/23", "2001:4600::/23", "2001:4800::/23", "2001:4a00::/23"),
        *("2001:4c00::/23", "2001:5000::/20", "2001:8000::/19", "2001:a000::/20", "2001:b000::/20", "2003::/18"),
        *("2400::/12", "2410::/12", "2600::/12", "2610::/23", "2620::/23", "2630::/12", "2800::/12", "2a00::/12"),
        *("2a10::/12", "2c00::/12"),
    )
)
# Inside what is assigned: documentation, and AS112.
_NOT_PUBLIC_V6 = (IPv6Network("2001:db8::/32"), IPv6Network("2620:4f:8000::/48"))
_NAT64 = IPv6Network("64:ff9b::/96")

SERVICE_PORTS = frozenset(
    (
        *(0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104),
        *(109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515),
        *(526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049),
        *(3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080),
    )
)
"""Ports that browsers refuse: there is no web server behind them, and some services there obey what they can read."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """True for a global unicast address; the IPv4 address inside a mapped or NAT64 one is checked instead."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    inner = address.ipv4_mapped
    if inner is None and address in _NAT64:
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        return is_public(inner)
    assigned = any(address in network for network in _ASSIGNED_V6)
    return assigned and not any(address in network for network in _NOT_PUBLIC_V6)
