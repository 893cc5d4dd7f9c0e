import pytest

from wanstudio.media.errors import FetchError, FetchProblem
from wanstudio.media.targets import parse, redirected


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://example.com/a.mp4", "https://example.com/a.mp4"),
        ("  http://example.com  ", "http://example.com/"),
        ("HTTPS://EXAMPLE.com:443/A", "https://example.com/A"),
        ("http://example.com:8080/a?b=c#d", "http://example.com:8080/a?b=c"),
        ("https://example.com/päth/ü.mp4", "https://example.com/p%C3%A4th/%C3%BC.mp4"),
        ("https://example.com/a%20b.mp4?sig=%2Fx%3D", "https://example.com/a%20b.mp4?sig=%2Fx%3D"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("http://[2606:4700::1111]:8080/a", "http://[2606:4700::1111]:8080/a"),
        ("http://8.8.8.8/a", "http://8.8.8.8/a"),
        ("http://8.8.8.8./a", "http://8.8.8.8/a"),
        ("http://my_bucket.example.com/", "http://my_bucket.example.com/"),
    ],
)
def test_usual_links(given: str, url: str) -> None:
    assert parse(given).url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/a.mp4",
        "ftp://example.com/a.mp4",
        "file:///etc/passwd",
        "data:video/mp4;base64,AAAA",
        "javascript:alert(1)",
        "gopher://example.com/",
        "http://",
        "http:///a",
        "http://user@example.com/",
        "http://user:secret@example.com/",
        "http://@example.com/",
        "http://example.com:0/",
        "http://example.com:65536/",
        "http://example.com:http/",
        "http://exa mple.com/",
        "http://example.com/a\r\nHost: other",
        "http://example.com\t.evil.example/",
        "http://example.com\\@127.0.0.1/",
        "http://2130706433/",
        "http://017700000001/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://1.2.3.4.5/",
        "http://256.1.1.1/",
        "http://[::1/",
        "http://[::1%25lo]/",
        "http://[zz::1]/",
        "http://%31%32%37.0.0.1/",
        "http://a..b/",
        f"http://{'a' * 64}.ü/",
        f"http://{'a.' * 140}example/",
    ],
)
def test_refuses_what_is_not_a_plain_web_link(url: str) -> None:
    with pytest.raises(FetchError) as caught:
        parse(url)
    assert caught.value.code == FetchProblem.INVALID_URL
    assert caught.value.sentence.endswith(".")


def test_digits_of_other_scripts_are_digits() -> None:
    assert parse("http://①②⑦.⓪.⓪.①/").host == "127.0.0.1"


def test_redirects_are_relative_to_where_they_come_from() -> None:
    target = parse("https://example.com/a/b?c")
    assert redirected(target, "../d").url == "https://example.com/d"
    assert redirected(target, "//other.example/e").url == "https://other.example/e"
    assert redirected(target, "/é".encode().decode("latin-1")).url == "https://example.com/%C3%A9"


@pytest.mark.parametrize("location", ["\xff\xfe", "http://[", "file:///etc/passwd"])
def test_redirects_to_no_link(location: str) -> None:
    with pytest.raises(FetchError, match="Use "):
        redirected(parse("https://example.com/"), location)
