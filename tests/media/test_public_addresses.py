import threading
from ipaddress import ip_address

import pytest

from wanstudio.media.errors import FetchError, FetchProblem
from wanstudio.media.public_addresses import is_public
from wanstudio.media.targets import Reach, parse, system_resolver

PUBLIC = ["8.8.8.8", "1.1.1.1", "193.0.6.139", "2606:4700:4700::1111", "2a00:1450:4001::1"]
PUBLIC_INSIDE = ["::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
PRIVATE = [
    *["0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254"],
    *["169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1"],
    *["192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1"],
    *["255.255.255.255", "168.63.129.16"],
    *["::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1"],
    *["64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "fc00::1", "fd00:ec2::254"],
    *["fe80::1", "fe80::1%lo", "fec0::1", "ff02::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::"],
    *["3fff::1", "4000::1", "5f00::1"],
]


@pytest.mark.parametrize("address", PUBLIC + PUBLIC_INSIDE)
def test_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", PRIVATE)
def test_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


def check(url: str, *found: str, allowed: tuple[str, ...] = ()) -> list[str]:
    return Reach(frozenset(allowed), lambda _host, _port: found).addresses(parse(url), 60)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_for_a_private_address_is_refused(address: str) -> None:
    with pytest.raises(FetchError) as caught:
        check("http://innocent.example/", address)
    assert caught.value.code == FetchProblem.PRIVATE_ADDRESS
    assert address not in caught.value.sentence


@pytest.mark.parametrize("found", [("8.8.8.8", "127.0.0.1"), ("127.0.0.1", "8.8.8.8"), ("8.8.8.8", "fec0::1")])
def test_one_private_address_spoils_the_name(found: tuple[str, ...]) -> None:
    with pytest.raises(FetchError, match="private address"):
        check("http://mixed.example/", *found)


def test_all_public_addresses_are_kept_in_order() -> None:
    assert check("http://fine.example/", "8.8.8.8", "2606:4700::1") == ["8.8.8.8", "2606:4700::1"]


def test_addresses_need_no_resolver() -> None:
    assert check("http://8.8.8.8/") == ["8.8.8.8"]
    with pytest.raises(FetchError, match="private address"):
        check("http://[::1]/", "8.8.8.8")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8001/", "http://[::1]:8001/", "http://LOCALHOST:8001/"])
def test_exceptions_are_literal_host_and_port(url: str) -> None:
    allowed = ("127.0.0.1:8001", "[::1]:8001", "localhost:8001")
    assert check(url, "127.0.0.1", allowed=allowed)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8002/",
        "http://127.0.0.1/",
        "http://127.0.0.2:8001/",
        "http://localhost:8001/",
        "http://[::ffff:127.0.0.1]:8001/",
    ],
)
def test_exceptions_are_no_wider_than_written(url: str) -> None:
    with pytest.raises(FetchError, match="private address"):
        check(url, "127.0.0.1", allowed=("127.0.0.1:8001",))


def test_unknown_name() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise OSError

    with pytest.raises(FetchError, match="no server with that name") as caught:
        Reach(frozenset(), unknown).addresses(parse("http://typo.example/"), 60)
    assert caught.value.code == FetchProblem.UNREACHABLE


def test_a_dead_name_server_does_not_hold_us() -> None:
    release = threading.Event()

    def hang(_host: str, _port: int) -> list[str]:
        release.wait(60)
        return []

    with pytest.raises(FetchError) as caught:
        Reach(frozenset(), hang).addresses(parse("http://slow.example/"), 0.1)
    release.set()
    assert caught.value.code == FetchProblem.TIMED_OUT


def test_the_systems_resolver() -> None:
    assert set(system_resolver("localhost", 80)) <= {"127.0.0.1", "::1"}
