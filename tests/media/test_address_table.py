"""Address table: each network of IANA's registries with its first and last address, and neighbours outside of it.

The verdicts are written here by hand, from the registries, and know nothing of the product's own lists.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network

import pytest

from wanstudio.media.errors import FetchError, FetchProblem
from wanstudio.media.public_addresses import is_public
from wanstudio.media.targets import Reach, parse

SPECIAL_V4 = [
    *["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"],
    *["192.0.0.0/29", "192.0.0.8/32", "192.0.0.9/32", "192.0.0.10/32", "192.0.0.170/31", "192.0.2.0/24"],
    *["192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15"],
    *["198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32"],
]
SPECIAL_V6 = [
    *["::/128", "::1/128", "::/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "200::/7", "400::/6", "800::/5"],
    *["1000::/4", "2001::/23", "2001::/32", "2001:1::1/128", "2001:1::2/128", "2001:1::3/128", "2001:2::/48"],
    *["2001:3::/32", "2001:4:112::/48", "2001:10::/28", "2001:20::/28", "2001:30::/28", "2001:db8::/32", "2002::/16"],
    *["2620:4f:8000::/48", "3fff::/20", "4000::/3", "5f00::/16", "6000::/3", "8000::/3", "a000::/3", "c000::/3"],
    *["e000::/4", "f000::/5", "f800::/6", "fc00::/7", "fe00::/9", "fe80::/10", "fec0::/10", "ff00::/8"],
]
# Inside 2000::/3, and given to no registry.
UNASSIGNED_V6 = [
    *["2000::/16", "2001:1000::/23", "2001:4e00::/23", "2001:6000::/19", "2001:c000::/18"],
    *["2003:4000::/18", "2004::/14", "2100::/8", "2200::/7", "2420::/11", "2500::/8", "2611::/16", "2612::/15"],
    *["2621::/16", "2640::/10", "2700::/8", "2810::/12", "2900::/8", "2a20::/11", "2b00::/8", "2c10::/12", "2d00::/8"],
    *["2e00::/7", "3000::/5", "3ffe::/16"],
]
ASSIGNED_V6 = [
    *["2001:200::/23", "2001:400::/23", "2001:600::/23", "2001:800::/22", "2001:c00::/23", "2001:e00::/23"],
    *["2001:1200::/23", "2001:1400::/22", "2001:1800::/23", "2001:1a00::/23", "2001:1c00::/22", "2001:2000::/19"],
    *["2001:4000::/23", "2001:4200::/23", "2001:4400::/23", "2001:4600::/23", "2001:4800::/23", "2001:4a00::/23"],
    *["2001:4c00::/23", "2001:5000::/20", "2001:8000::/19", "2001:a000::/20", "2001:b000::/20", "2003::/18"],
    *["2400::/12", "2410::/12", "2600::/12", "2610::/23", "2620::/23", "2630::/12", "2800::/12", "2a00::/12"],
    *["2a10::/12", "2c00::/12"],
]
NEIGHBOURS_V4 = [
    *["1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0"],
    *["169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.3.0"],
    *["192.31.195.255", "192.31.197.0", "192.52.192.255", "192.52.194.0", "192.88.98.255", "192.88.100.0"],
    *["192.167.255.255", "192.169.0.0", "192.175.47.255", "192.175.49.0", "198.17.255.255", "198.20.0.0"],
    *["198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255"],
]
CONTROLS = [
    *["1.1.1.1", "8.8.8.8", "9.9.9.9", "193.0.6.139", "151.101.1.69", "104.16.132.229", "185.199.108.153"],
    *["2606:4700:4700::1111", "2001:4860:4860::8888", "2620:fe::fe", "2a00:1450:4001:80b::200e", "2a04:4e42::81"],
    *["2001:67c:2e8:22::c100:68b", "2001:500:88:200::8", "2400:cb00::1", "2c0f:fb50::1", "2800:3f0::1"],
    *["64:ff9b::8.8.8.8", "::ffff:8.8.8.8"],
]
INSIDE = ["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.1.1", "100.100.100.200", "168.63.129.16"]


def ends(network: str) -> list[str]:
    every = ip_network(network)
    return list(dict.fromkeys([str(every[0]), str(every[-1])]))


def embedding(inner: str) -> list[str]:
    """This IPv4 address in every kind of IPv6 address that carries one."""
    low = int(IPv4Address(inner))
    teredo = int(IPv6Network("2001::/32")[0]) | (low ^ 0xFFFFFFFF)
    sixtofour = int(IPv6Network("2002::/16")[0]) | low << 80
    local_nat64 = int(IPv6Network("64:ff9b:1::/48")[0]) | low
    spelled = [f"::{inner}", f"::ffff:{inner}", f"::ffff:0:{inner}", f"64:ff9b::{inner}", f"fe80::5efe:{inner}"]
    return [*spelled, *(str(ip_address(number)) for number in (teredo, sixtofour, local_nat64))]


REFUSED = list(
    dict.fromkeys(
        [
            *(address for network in SPECIAL_V4 + SPECIAL_V6 + UNASSIGNED_V6 for address in ends(network)),
            *(address for inner in INSIDE for address in embedding(inner)),
        ]
    )
)
ALLOWED = [*NEIGHBOURS_V4, *CONTROLS, *(address for network in ASSIGNED_V6 for address in ends(network))]
SPELLINGS = [
    *[
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "127。0。0。1",
    ],
    *[
        "127．0．0．1",
        "①②⑦.0.0.1",
        "0x7F.0.0.1",
        "127.0.0.01",
        "0",
        "0.0.0.0.",
        "[::1]",
        "[::1%25lo]",
        "[::ffff:7f00:1]",
    ],
    *["[0:0:0:0:0:0:0:1]", "[::127.0.0.1]", "%31%32%37.0.0.1", "127%2e0.0.1", "user@127.0.0.1", "8.8.8.8@127.0.0.1"],
    *["127.0.0.1%00.example.com", "127.0.0.1#.example.com", "127.0.0.1\\.example.com", "localhost", "localhost."],
    *["LOCALHOST。", "localhost..", "localtest.example.", "metadata.google.internal.", "127.0.0.1:80:80", "1.1.1.1 .1"],
]


def test_table_is_as_long_as_it_says() -> None:
    assert len(REFUSED) >= 150
    assert len(ALLOWED) >= 80
    assert not set(REFUSED) & set(ALLOWED)


@pytest.mark.parametrize("address", REFUSED)
def test_refused(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ALLOWED)
def test_allowed(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("network", [*SPECIAL_V4, "168.63.129.16/32"])
def test_special_networks_end_where_the_table_says(network: str) -> None:
    """The addresses beside each network are refused only if another network holds them."""
    first, last = ip_network(network)[0], ip_network(network)[-1]
    special = [IPv4Network(each) for each in SPECIAL_V4]
    for beside in (int(first) - 1, int(last) + 1):
        if 0 <= beside < 2**32 and not any(IPv4Address(beside) in each for each in special):
            assert is_public(IPv4Address(beside))


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_of_a_private_host_is_dialled(host: str) -> None:
    reach = Reach(frozenset({"127.0.0.1:8001"}), lambda _host, _port: ["127.0.0.1"])
    with pytest.raises(FetchError) as caught:
        reach.addresses(parse(f"http://{host}/"), 60)
    assert caught.value.code in (FetchProblem.PRIVATE_ADDRESS, FetchProblem.INVALID_URL)
