"""The wall and the page of a video."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.page_rows import finished, result
from wanstudio.accounts.models import User
from wanstudio.teams.models import Team
from wanstudio.videos.models import Video

Queries = Callable[..., Any]
WALL = "/videos/"


def shown(client: Client, **asked: str) -> list[int]:
    html = client.get(WALL, asked).content.decode()
    return [int(pk) for pk in re.findall(r'class="tile-link" href="/videos/(\d+)/"', html)]


@pytest.mark.parametrize("name", ["videos.show", "videos.file", "videos.poster"])
def test_video_is_404_outside_its_team(
    name: str, video: Video, as_alice: Client, bob: User, as_charlie: Client, nobody: Client
) -> None:
    address = reverse(name, args=[video.pk])
    as_bob = Client()
    as_bob.force_login(bob)

    assert as_alice.get(address).status_code == as_bob.get(address).status_code == 200
    assert as_charlie.get(address).status_code == 404
    assert nobody.get(address).headers["Location"].startswith(reverse("account_login"))


def test_wall_of_another_team_is_empty(video: Video, as_charlie: Client) -> None:
    assert shown(as_charlie) == []


def test_empty_wall_leads_to_the_studio(as_alice: Client) -> None:
    assert "Make the first one from a picture and a clip." in as_alice.get(WALL).content.decode()


def test_wall_searches_and_filters(team: Team, alice: User, bob: User, as_alice: Client) -> None:
    walk = finished(team, alice, title="Mira walks", prompt="Keep the coat closed")
    dance = finished(team, bob, title="Otto dances", behaviour="replace")

    assert shown(as_alice) == [dance.pk, walk.pk]
    assert shown(as_alice, q="OTTO") == [dance.pk]
    assert shown(as_alice, q="coat mira") == [walk.pk]
    assert shown(as_alice, person=str(bob.pk)) == [dance.pk]
    assert shown(as_alice, behaviour="animate") == [walk.pk]
    assert shown(as_alice, behaviour="replace", person=str(alice.pk)) == []
    assert shown(as_alice, person="x", behaviour="y", before="z") == [dance.pk, walk.pk]


def test_no_match_offers_to_clear_filters(video: Video, as_alice: Client) -> None:
    html = as_alice.get(WALL, {"q": "<nothing>"}).content.decode()
    assert "Nothing matches" in html
    assert "Clear filters" in html
    assert "<nothing>" not in html


def test_wall_pages_keep_their_filters(
    team: Team, alice: User, as_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wanstudio.videos.views.wall_page.PAGE", 2)
    made = [finished(team, alice, title=f"Mira {number}").pk for number in range(3)]

    first = as_alice.get(WALL, {"q": "mira"})
    query = first.context["next_query"]
    assert query == f"q=mira&before={made[1]}"
    assert f'hx-get="{WALL}?q=mira&amp;before={made[1]}" hx-trigger="revealed"' in first.content.decode()

    scrolled = as_alice.get(f"{WALL}?{query}", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in scrolled
    assert f'href="/videos/{made[0]}/"' in scrolled
    assert "wall-more" not in scrolled
    # The same address is a whole page for who follows the link.
    assert "<html" in as_alice.get(f"{WALL}?{query}").content.decode()


def test_wall_takes_constant_queries(
    team: Team, alice: User, as_alice: Client, django_assert_max_num_queries: Queries
) -> None:
    for number in range(20):
        finished(team, alice, title=f"Mira {number}")
    shown(as_alice)  # a fresh process asks once whether there is a user yet
    with django_assert_max_num_queries(16):
        as_alice.get(WALL)


def test_page_shows_inputs_cost_and_hash(team: Team, alice: User, as_alice: Client) -> None:
    video = finished(team, alice, provider="apixo", prompt="Keep the coat closed", seed=1804221)
    html = as_alice.get(reverse("videos.show", args=[video.pk])).content.decode()

    for fact in ("$1.14", "Animate, 720p", "1804221", "Keep the coat closed", "Archived, verified", "14.2 s"):
        assert fact in html
    assert f'title="{video.sha256}"' in html
    assert "APIXO’s copy" in html
    assert f"{reverse('videos.file', args=[video.pk])}?download" in html
    assert f"/?from={video.job_id}" in html


def test_comparison_needs_the_motion_file(team: Team, alice: User, as_alice: Client) -> None:
    ours = finished(team, alice)
    linked = finished(team, alice)
    clip = linked.job.motion
    clip.file, clip.url = "", "https://elsewhere.invalid/walk.mp4"
    clip.save()

    assert "Side by side" in as_alice.get(reverse("videos.show", args=[ours.pk])).content.decode()
    html = as_alice.get(reverse("videos.show", args=[linked.pk])).content.decode()
    assert "Side by side" not in html
    assert "elsewhere.invalid" not in html


def test_page_links_other_results_of_the_job(video: Video, as_alice: Client) -> None:
    other = result(video.job, position=1)
    html = as_alice.get(reverse("videos.show", args=[video.pk])).content.decode()
    assert reverse("videos.show", args=[other.pk]) in html


def test_download_is_named_by_title(video: Video, as_alice: Client) -> None:
    answer = as_alice.get(reverse("videos.file", args=[video.pk]) + "?download")
    assert f"mira-walks-animate-720p-{video.pk}.mp4" in answer.headers["Content-Disposition"]
