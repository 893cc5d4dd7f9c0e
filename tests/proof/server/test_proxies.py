"""Addresses behind proxies, guessed at over real ones: a header with underscores changes nobody's address.

Guesses come from 127.0.1.0/24, which is no trusted proxy; the proxies, and the direct way, are on 127.0.0.1, which is.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.e2e.studio import Studio
from tests.e2e.template import EMAIL, PASSWORD, template
from tests.servers import Server, haproxy, nginx

SHARE = """
from wanstudio.models import Collection, Team, User
from wanstudio.sharing.verbs import make_link
team, ben = Team.objects.get(), User.objects.get()
collection = Collection.objects.create(team=team, person=ben, name=str(Collection.objects.count()))
print(make_link(collection, ben, password="open sesame").token)
"""


@dataclass
class Way:
    """Towards the studio, for who comes from `source`."""

    url: str
    source: str
    passes_dashes: bool

    def session(self, source: str = "") -> requests.Session:
        session = requests.Session()
        session.mount("http://", From(source or self.source))
        return session


class From(HTTPAdapter):
    """Connections from an address of loopback."""

    def __init__(self, source: str) -> None:
        self._source = source
        super().__init__()

    def init_poolmanager(self, *args: int, **more: object) -> None:
        super().init_poolmanager(*args, **more, source_address=(self._source, 0))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def trusting(templates: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("proxies")
    made = Studio(folder / "data", template(templates, owner=True), WANSTUDIO_TRUSTED_PROXIES="127.0.0.1")  # type: ignore[arg-type]
    made.start()
    yield made
    made.stop()


WAYS: dict[str, Callable[[str], AbstractContextManager[Server | None]]] = {
    "direct": lambda upstream: nullcontext(),
    "nginx": nginx,
    "nginx, told to pass underscores": lambda upstream: nginx(upstream, "underscores_in_headers on;"),
    "HAProxy": haproxy,
}


@pytest.fixture(params=WAYS, scope="module")
def way(request: pytest.FixtureRequest, trusting: Studio) -> Iterator[Way]:
    with WAYS[request.param](f"127.0.0.1:{trusting.port}") as proxy:
        # Who comes directly is the trusted proxy itself. Others have an address for each way: it has few guesses, too.
        source = f"127.0.1.{list(WAYS).index(request.param)}"
        yield Way(proxy.url, source, False) if proxy else Way(trusting.url, "127.0.0.1", True)


def forged(number: int) -> dict[str, str]:
    """Another address, scheme and host with each guess."""
    return {
        "X_Forwarded_For": f"9.9.9.{number}",
        "X-Forwarded_For": f"9.9.8.{number}",
        "x_forwarded_proto": "https",
        "X_Forwarded_Host": "evil.example",
        "X_Real_IP": f"9.9.7.{number}",
    }


def guess(way: Way, path: str, number: int, session: requests.Session, **fields: str) -> requests.Response:
    page = session.get(way.url + path.replace("password/", ""), timeout=60).text
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    fields |= {"csrfmiddlewaretoken": token[0]} if token else {}
    return session.post(way.url + path, data=fields, headers=forged(number), timeout=60)


def test_guesses_at_a_password_come_from_one_address(way: Way, trusting: Studio) -> None:
    account = f"{way.url.rpartition(':')[2]}@northlight.example"
    answers = [
        guess(way, "/accounts/login/", number, way.session(), login=account, password="wrong-password").text
        for number in range(7)
    ]
    assert ["Too many failed" in answer for answer in answers] == [False] * 5 + [True] * 2
    # Through a proxy another address is another address; nothing else was lost on the way.
    if not way.passes_dashes:
        elsewhere = guess(way, "/accounts/login/", 8, way.session("127.0.2.1"), login=account, password="wrong")
        assert "Too many failed" not in elsewhere.text
    session = way.session()
    guess(way, "/accounts/login/", 9, session, login=EMAIL, password=PASSWORD)
    assert session.get(f"{way.url}/jobs/", timeout=60, allow_redirects=False).status_code == 200


def test_guesses_at_a_share_link_come_from_one_address(way: Way, trusting: Studio) -> None:
    """Five in each window of ten minutes; one can begin in between, and two do not."""
    path, statuses = f"/s/{trusting.python(SHARE)}/password/", list[int]()
    while len(statuses) < 11 and 429 not in statuses:
        statuses.append(guess(way, path, len(statuses), way.session(), password="wrong").status_code)
    assert statuses == [403] * (len(statuses) - 1) + [429]
    assert len(statuses) > 5


def test_the_headers_of_the_proxy_itself_count(way: Way, trusting: Studio) -> None:
    """Said by the trusted one, another address is believed, and so is https: Django then wants a Referer."""
    if not way.passes_dashes:
        return
    path = f"/s/{trusting.python(SHARE)}/password/"
    statuses = []
    for number in range(7):
        session = way.session()
        session.headers["X-Forwarded-For"] = f"198.51.100.{number}"
        statuses.append(guess(way, path, number, session, password="wrong").status_code)
    assert statuses == [403] * 7
    session = way.session()
    session.headers["X-Forwarded-Proto"] = "https"
    assert "out of date" in guess(way, "/accounts/login/", 0, session, login=EMAIL, password=PASSWORD).text
