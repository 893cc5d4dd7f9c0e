"""Stars on videos: each person's own, given and taken back, and a filter in the address."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.page_rows import finished
from tests.videos.test_video_pages import WALL, shown
from wanstudio.accounts.models import User
from wanstudio.teams.models import Team
from wanstudio.videos.models import Favourite, Video

HTMX = {"HX-Request": "true"}


def star(client: Client, video: Video, favourite: str = "1", **sent: Any) -> Any:
    return client.post(reverse("videos.favourite", args=[video.pk]), {"favourite": favourite, **sent})


def test_star_belongs_to_one_person(
    video: Video, as_alice: Client, as_bob: Client, as_charlie: Client, nobody: Client
) -> None:
    assert star(as_charlie, video).status_code == 404
    assert star(nobody, video).headers["Location"].startswith(reverse("account_login"))
    assert as_alice.get(reverse("videos.favourite", args=[video.pk])).status_code == 405
    assert not Favourite.objects.exists()

    assert star(as_alice, video).headers["Location"] == reverse("videos.show", args=[video.pk])
    assert (shown(as_alice, favourite="1"), shown(as_bob, favourite="1")) == ([video.pk], [])


def test_star_given_twice_is_one_row(video: Video, as_alice: Client) -> None:
    for _ in range(2):
        star(as_alice, video)
        assert str(Favourite.objects.get()) == f"star of Alice on {video}"
    for _ in range(2):
        star(as_alice, video, "0")
        assert not Favourite.objects.exists()


def test_star_without_script_redirects_back(video: Video, as_alice: Client) -> None:
    assert star(as_alice, video, next=f"{WALL}?q=mira").headers["Location"] == f"{WALL}?q=mira"
    for outside in (
        "https://elsewhere.invalid/",
        "//elsewhere.invalid/",
        "/\\elsewhere.invalid",
        "word",
        "studio.index",
    ):
        answer = star(as_alice, video, next=outside)
        assert answer.headers["Location"] == reverse("videos.show", args=[video.pk])
    html = as_alice.get(reverse("videos.show", args=[video.pk])).content.decode()
    assert 'aria-pressed="true" aria-label="Favourite"' in html


@pytest.mark.parametrize("on", ["tile", ""])
def test_star_by_htmx_returns_its_fragment(on: str, video: Video, as_alice: Client) -> None:
    url = reverse("videos.favourite", args=[video.pk])
    sent = {"favourite": "1", "on": on, "next": f"{WALL}?q=mira"}
    given = as_alice.post(url, sent, headers=HTMX).content.decode()

    assert "<html" not in given
    assert 'name="favourite" value="0"' in given
    assert 'aria-pressed="true"' in given
    assert f'name="next" value="{WALL}?q=mira"' in given
    assert ("Favourite: Mira walks" in given) == bool(on)
    taken = as_alice.post(url, {**sent, "favourite": "0"}, headers=HTMX).content.decode()
    assert 'aria-pressed="false"' in taken


def test_favourites_filter_combines_with_the_others(team: Team, alice: User, bob: User, as_alice: Client) -> None:
    mine, theirs = finished(team, alice, title="Mira"), finished(team, bob, title="Otto")
    finished(team, bob, title="Otto again")
    for one in (mine, theirs):
        star(as_alice, one)

    assert shown(as_alice, favourite="1") == [theirs.pk, mine.pk]
    assert shown(as_alice, favourite="1", person=str(bob.pk)) == [theirs.pk]
    assert len(shown(as_alice, favourite="x")) == 3
    page = as_alice.get(WALL, {"person": str(bob.pk), "favourite": "1"})
    assert (page.context["count"], page.context["favourites"]) == (1, f"person={bob.pk}")
    assert as_alice.get(WALL, {"person": str(bob.pk)}).context["favourites"] == f"person={bob.pk}&favourite=1"


def test_stars_add_no_query_per_video(
    team: Team, alice: User, as_alice: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        star(as_alice, finished(team, alice, title=f"Mira {number}"))
    with django_assert_max_num_queries(16):
        assert as_alice.get(WALL).content.decode().count('aria-pressed="true"') == 20
