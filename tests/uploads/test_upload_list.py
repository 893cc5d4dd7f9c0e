"""The page of uploads: adding there, and looking for a name, a bounded number of rows at once."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.page_form import CLIP, png, text_of, upload
from wanstudio.accounts.models import User
from wanstudio.teams.models import Team
from wanstudio.uploads import queries
from wanstudio.uploads.models import Source
from wanstudio.uploads.views import upload_pages

pytestmark = pytest.mark.django_db
LIST = "/uploads/"


@pytest.mark.parametrize(("name", "data", "kind"), [("mira.png", png(), "character"), ("walk.mp4", CLIP, "motion")])
def test_file_is_added_on_the_page(as_alice: Client, team: Team, name: str, data: bytes, kind: str) -> None:
    answer = as_alice.post(LIST, {"team": team.pk, "file": upload(name, data)})
    source = Source.objects.get()
    assert (source.kind, answer.headers["Location"]) == (kind, reverse("uploads.show", args=[source.pk]))
    assert f"“{source.name}” is added." in text_of(as_alice.get(answer.headers["Location"]))


def test_what_cannot_be_added_is_said_beside_the_field(as_alice: Client, team: Team) -> None:
    broken = as_alice.post(LIST, {"team": team.pk, "file": upload("notes.png", b"words")})
    nothing = as_alice.post(LIST, {"team": team.pk})
    assert (broken.status_code, nothing.status_code) == (422, 422)
    assert "Choose a picture or a clip first." in text_of(nothing)
    assert 'id="add-wrong" role="alert"' in broken.content.decode()
    assert not Source.objects.exists()


def test_names_and_files_are_found(as_alice: Client, team: Team, alice: User) -> None:
    factories.character(team, alice, name="Mira am See", file_name="IMG_1234.jpg")
    factories.motion(team, alice, name="ÜBERMUT", file_name="clip_7.mp4")
    factories.motion(team, alice, file_name="100%_walk.mp4")
    for words, found in {
        "see mira": "Mira am See",
        "1234": "Mira am See",
        "übermut": "ÜBERMUT",
        "100%": "100% walk",
        "walk": "100% walk",
    }.items():
        page = text_of(as_alice.get(LIST, {"q": words}))
        assert found in page
        assert page.count(" Use ") == 1, words
    assert "Nothing matches" in text_of(as_alice.get(LIST, {"q": "mira", "kind": "motion"}))


def test_one_look_is_bounded_and_the_next_goes_on(
    as_alice: Client, team: Team, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "SEARCHED", 3)
    monkeypatch.setattr(upload_pages, "PAGE", 2)
    names = [f"{'walk' if one in (0, 6) else 'dance'} {one}" for one in range(8)]
    made = [factories.motion(team, alice, name=name, file_name="clip.mp4") for name in names]
    seen, links, query = [], [], "?q=walk"
    while query:
        answer = as_alice.get(LIST + query)
        seen.append([one for one in range(8) if f" walk {one} " in text_of(answer)])
        older = re.findall(r'href="([?]q=walk&amp;before=(\d+))"', answer.content.decode())
        query, before = older[0] if older else ("", "")
        query = query.replace("&amp;", "&")
        links.append(before)
    assert (seen, links) == ([[6], [], [0]], [str(made[4].pk + 1), str(made[1].pk + 1), ""])
