"""Downloads of guests: allowed, the file is one address; not allowed, it plays in the page of the visit alone."""

import re
import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.page_form import text_of
from tests.page_rows import finished
from wanstudio.accounts.models import User
from wanstudio.sharing import guest_access
from wanstudio.sharing.models import ShareLink
from wanstudio.sharing.verbs import change_link, make_link
from wanstudio.teams.models import Team
from wanstudio.videos.models import Video
from wanstudio.videos.verbs import collect, collection_named

REFUSED = "This video can only be watched on its page"


@pytest.fixture
def link(video: Video, alice: User) -> ShareLink:
    return make_link(video, alice, may_download=False)


def file(link: ShareLink, video: Video) -> str:
    return reverse("shared.file", args=[link.token, video.pk])


def player(guest: Client, link: ShareLink, video: Video) -> str:
    """The address that the page gives to its player."""
    page = guest.get(reverse("shared.video", args=[link.token, video.pk])).content.decode()
    found = re.search(r'<video [^>]*\bsrc="([^"#]+)', page)
    assert found
    return found[1]


def refused(answer: Any) -> bool:
    return answer.status_code == 404 and REFUSED in text_of(answer)


def test_with_downloads_the_file_is_one_address(link: ShareLink, video: Video, nobody: Client) -> None:
    change_link(link, link.made_by, may_download=True)
    assert player(nobody, link, video) == file(link, video)
    assert "wanstudio_visit" not in nobody.cookies
    saved = Client().get(file(link, video) + "?download")
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert Client().get(file(link, video), headers={"Sec-Fetch-Dest": "document"}).status_code == 200
    assert "og:video" in nobody.get(reverse("shared.show", args=[link.token])).content.decode()


def test_without_downloads_the_page_has_no_button_and_no_plain_address(link: ShareLink, video: Video) -> None:
    guest = Client()
    shown = guest.get(reverse("shared.show", args=[link.token])).content.decode()
    assert "Download" not in shown
    assert "og:video" not in shown
    assert f'{file(link, video)}"' not in shown
    assert refused(guest.get(file(link, video)))
    assert refused(guest.get(file(link, video) + "?download"))
    assert refused(guest.get(player(guest, link, video) + "&download"))


def test_the_player_of_a_visit_seeks_and_asks_again(link: ShareLink, video: Video, nobody: Client) -> None:
    address = player(nobody, link, video)
    for dest in ({}, {"Sec-Fetch-Dest": "video"}):
        part = nobody.get(address, headers={"Range": "bytes=1-2", **dest})
        assert (part.status_code, b"".join(part)) == (206, b"id")
    assert nobody.get(address, headers={"If-None-Match": part.headers["ETag"]}).status_code == 304
    assert nobody.head(address).headers["Content-Length"] == "5"


@pytest.mark.parametrize("dest", ["document", "iframe", "empty", "embed"])
def test_only_a_player_gets_the_file(link: ShareLink, video: Video, nobody: Client, dest: str) -> None:
    assert refused(nobody.get(player(nobody, link, video), headers={"Sec-Fetch-Dest": dest}))


def test_a_browser_that_names_no_purpose_gets_no_file_as_a_page(link: ShareLink, video: Video, nobody: Client) -> None:
    """Over plain http, and in older ones: what is visited, or saved by a link, is asked for as a page would be."""
    address = player(nobody, link, video)
    assert refused(nobody.get(address, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}))
    for accepted in ("*/*", "video/webm,video/ogg,video/*;q=0.9,*/*;q=0.5"):
        assert nobody.get(address, headers={"Accept": accepted}).status_code == 200


def test_an_address_is_of_one_visit_one_link_and_one_video(
    link: ShareLink, video: Video, team: Team, alice: User, nobody: Client
) -> None:
    address = player(nobody, link, video)
    assert refused(Client().get(address)), "another browser has no visit"
    stranger = Client()
    player(stranger, link, video)
    assert refused(stranger.get(address)), "nor is it another's visit"
    nobody.cookies["wanstudio_visit"] = "guessed"
    assert refused(nobody.get(address))
    cut = collection_named(team, alice, "Cut")
    assert cut
    other = finished(team, alice, title="Another")
    collect(cut, [video, other], alice)
    wider, guest = make_link(cut, alice, may_download=False), Client()
    signed = player(guest, wider, video).partition("?")[2]
    assert guest.get(f"{file(wider, video)}?{signed}").status_code == 200
    assert refused(guest.get(f"{file(wider, other)}?{signed}"))
    assert refused(guest.get(f"{file(link, video)}?{signed}"))


def test_an_address_expires_and_the_page_gives_another(
    link: ShareLink, video: Video, nobody: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now)
    address = player(nobody, link, video)
    monkeypatch.setattr("time.time", lambda: now + guest_access.PLAYS_FOR_S - 2)
    assert nobody.get(address).status_code == 200
    monkeypatch.setattr("time.time", lambda: now + guest_access.PLAYS_FOR_S + 2)
    assert refused(nobody.get(address))
    assert nobody.get(player(nobody, link, video)).status_code == 200


def test_switching_downloads_off_ends_plain_addresses_at_once(link: ShareLink, video: Video, nobody: Client) -> None:
    change_link(link, link.made_by, may_download=True)
    plain = player(nobody, link, video)
    change_link(link, link.made_by, may_download=False)
    assert refused(nobody.get(plain))


def test_password_and_visit_are_both_needed(video: Video, alice: User, nobody: Client) -> None:
    link = make_link(video, alice, may_download=False, password="quay at dawn")
    nobody.post(reverse("shared.unlock", args=[link.token]), {"password": "quay at dawn"})
    address = player(nobody, link, video)
    assert nobody.get(address).status_code == 200
    del nobody.cookies["wanstudio_share"]
    assert nobody.get(address).status_code == 404


def test_the_dialog_says_what_it_does(video: Video, as_alice: Client) -> None:
    shown = text_of(as_alice.get(reverse("shares.video", args=[video.pk])))
    assert "They can still record their screen." in shown
