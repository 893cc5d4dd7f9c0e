"""Drawings: read as hostile, kept as numbers, told in words."""

import json

import pytest
from django.test import Client

from tests.page_rows import finished
from wanstudio.accounts.models import User
from wanstudio.review.drawings import MAX_POINTS, MAX_SHAPES, UnreadableDrawing, described, read
from wanstudio.review.models import Comment
from wanstudio.review.verbs import delete_comment
from wanstudio.sharing.verbs import make_link
from wanstudio.teams.models import Team
from wanstudio.videos.models import Video

ARROW = {"kind": "arrow", "points": [[0.5, 0.5], [0.1, 0.12345678]]}
BOX = {"kind": "box", "points": [[0.4, 0.4], [0.6, 0.6]]}
LINE = {"kind": "line", "points": [[0, 1], [0.1, 0.9], [0.2, 1]]}


@pytest.fixture
def video(team: Team, alice: User) -> Video:
    return finished(team, alice)


def test_shapes_are_read_and_rounded() -> None:
    assert read("") == []
    assert read(json.dumps([ARROW, BOX, LINE])) == [
        {"kind": "arrow", "points": [[0.5, 0.5], [0.1, 0.1235]]},
        {"kind": "box", "points": [[0.4, 0.4], [0.6, 0.6]]},
        {"kind": "line", "points": [[0.0, 1.0], [0.1, 0.9], [0.2, 1.0]]},
    ]
    assert read(json.dumps([ARROW | {"more": "<script>"}])) == read(json.dumps([ARROW]))


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "null",
        "1",
        "[",
        "[" * 20_000,
        "[null]",
        "[[]]",
        '[{"kind": "text", "points": [[0, 0], [1, 1]]}]',
        '[{"kind": ["line"], "points": [[0, 0], [1, 1]]}]',
        '[{"kind": "line", "points": [[0, 0]]}]',
        '[{"kind": "line", "points": [[0, 0], [1, 1, 1]]}]',
        '[{"kind": "line", "points": [[0, 0], [1, NaN]]}]',
        '[{"kind": "line", "points": [[0, 0], [1, Infinity]]}]',
        '[{"kind": "line", "points": [[0, 0], [1, 1e999]]}]',
        '[{"kind": "line", "points": [[0, 0], [1, -0.01]]}]',
        '[{"kind": "line", "points": [[0, 0], [1, 1.01]]}]',
        '[{"kind": "line", "points": [[0, 0], [1, true]]}]',
        '[{"kind": "line", "points": [[0, 0], ["1", "<svg onload=alert(1)>"]]}]',
        json.dumps([ARROW | {"points": [[0, 0]] * 3}]),
        json.dumps([LINE | {"points": [[0, 0]] * (MAX_POINTS + 1)}]),
        json.dumps([BOX] * (MAX_SHAPES + 1)),
    ],
)
def test_anything_else_is_refused(text: str, video: Video, as_alice: Client) -> None:
    with pytest.raises(UnreadableDrawing):
        read(text)
    answer = as_alice.post(
        f"/videos/{video.pk}/comments/", {"text": "Here", "at": "1", "drawing": text}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 422
    assert not Comment.objects.exists()


def test_words_say_where() -> None:
    assert described(read(json.dumps([ARROW, BOX, LINE]))) == (
        "arrow to the top left, box around the centre, line at the bottom left"
    )
    assert described(read(json.dumps([BOX] * 6))).endswith("box around the centre, 2 more")


def test_guest_draws_where_guests_comment(video: Video, alice: User, as_alice: Client) -> None:
    link = make_link(video, alice, may_comment=True)
    fields = {"name": "Jo", "text": "Here", "at": "2", "drawing": json.dumps([ARROW])}
    address = f"/s/{link.token}/videos/{video.pk}/comments/"
    Client().post(address, fields)
    comment = Comment.objects.get()
    assert comment.drawing == read(json.dumps([ARROW]))
    for html in (as_alice.get(f"/videos/{video.pk}/"), Client().get(f"/s/{link.token}/")):
        assert "Drawn: arrow to the top left" in html.content.decode()
        assert "&quot;points&quot;:[[0.5,0.5],[0.1,0.1235]]" in html.content.decode()
    delete_comment(comment, alice)
    comment.refresh_from_db()
    assert comment.drawing == []
    Client().post(address, fields | {"text": "Of no frame", "at": ""})
    assert Comment.objects.get(text="Of no frame").drawing == []
