"""Internal comments: the team reads them, and no route of a guest gives them, counts them or answers them."""

from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from wanstudio.accounts.models import User
from wanstudio.notifications.models import Delivery, Notification
from wanstudio.notifications.verbs import set_up_webhook
from wanstudio.review.models import Comment
from wanstudio.review.verbs import Said, add_comment, delete_comment, resolve_comment
from wanstudio.sharing.models import ShareLink
from wanstudio.sharing.verbs import make_link
from wanstudio.teams.models import Team
from wanstudio.videos.models import Video
from wanstudio.videos.verbs import collect, collection_named

DRAWING = [{"kind": "arrow", "points": [[0.1, 0.1], [0.8642, 0.9]]}]
SECRET = "The client must not read this"


@pytest.fixture
def internal(video: Video, alice: User, bob: User) -> Comment:
    """An internal comment with a drawing, and an answer beneath it; one of all beside them."""
    comment = add_comment(video, Said(f"{SECRET} @Bob", 2.0, 3.0, internal=True, drawing=DRAWING), alice)  # type: ignore[arg-type]
    add_comment(video, Said(f"{SECRET} either", parent=comment), bob)
    add_comment(video, Said("For everyone", 1.0), alice)
    return comment


def links(video: Video, alice: User) -> list[ShareLink]:
    """One to the video, one to a collection with it; guests may do all they can."""
    collection = collection_named(video.team, alice, "The cut")
    assert collection
    collect(collection, [video], alice)
    return [make_link(thing, alice, may_comment=True) for thing in (video, collection)]


def answers(client: Client, link: ShareLink, video: Video) -> list[str]:
    """What every route below a shared link gives, read and posted to."""
    shared = [name for name in get_resolver().reverse_dict if str(name).startswith("shared.")]
    assert len(shared) >= 7, "all routes of guests are asked"
    said = []
    for name in shared:
        for args in ([], [link.token], [link.token, video.pk]):
            try:
                address = reverse(str(name), args=args)
            except Exception:
                continue
            fields = {"name": "Jo", "text": "Lovely", "at": "2", "password": "quay"}
            for answer in (client.get(address), client.get(address, {"seen": ""}), client.post(address, fields)):
                body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
                said.append(body.decode("utf-8", "replace") + str(answer.headers))
    return said


def test_no_route_of_a_guest_gives_an_internal_comment(video: Video, internal: Comment, alice: User) -> None:
    for link in links(video, alice):
        told = answers(Client(), link, video)
        assert any("For everyone" in each for each in told), "what is for guests is there"
        for each in told:
            assert SECRET not in each
            assert "0.8642" not in each
            assert f"comment-{internal.pk}" not in each
            assert 'data-at="2.000" data-until' not in each
            assert 'name="internal"' not in each


def test_counts_and_polls_of_guests_know_nothing_of_it(video: Video, internal: Comment, alice: User) -> None:
    link = make_link(video, alice, may_comment=True)
    review: Any = Client().get(f"/s/{link.token}/").context["review"]
    assert (review["comment_count"], review["open_count"], len(review["threads"])) == (1, 1, 1)
    address = f"/s/{link.token}/videos/{video.pk}/review/"
    seen = {"seen": review["state"]}
    for change in (
        lambda: add_comment(video, Said("More of it", 4.0, internal=True), alice),
        lambda: resolve_comment(internal, alice, done=True),
        lambda: delete_comment(internal, alice),
    ):
        change()
        assert Client().get(address, seen).status_code == 204


def test_a_guest_answers_no_internal_comment_and_writes_none(video: Video, internal: Comment, alice: User) -> None:
    link = make_link(video, alice, may_comment=True)
    address = f"/s/{link.token}/videos/{video.pk}/comments/"
    fields = {"name": "Jo", "text": "Found you"}
    assert Client().post(address, fields | {"parent": str(internal.pk)}).status_code == 404
    answer = Comment.objects.get(parent=internal)
    assert Client().post(address, fields | {"parent": str(answer.pk)}).status_code == 404
    Client().post(address, fields | {"internal": "1"})
    assert Comment.objects.get(guest="Jo").is_internal is False


def test_webhook_and_api_do_not_speak_of_it(video: Video, team: Team, alice: User, bob: User) -> None:
    set_up_webhook(team, "https://hooks.example.com/x", by=alice)
    add_comment(video, Said(SECRET, 2.0, internal=True), bob)
    assert not Delivery.objects.filter(kind="comment.made").exists()
    add_comment(video, Said("For everyone"), bob)
    assert SECRET not in Delivery.objects.get(kind="comment.made").body
    assert {note.person for note in Notification.objects.filter(detail__contains=SECRET)} == {alice}, (
        "members are notified"
    )


def test_members_read_it_and_answers_are_as_internal(
    video: Video, internal: Comment, as_vera: Client, as_alice: Client
) -> None:
    html = as_vera.get(f"/videos/{video.pk}/").content.decode()
    assert html.count(SECRET) == 2
    assert html.count("Guests do not see this") == 2
    assert all(answer.is_internal for answer in Comment.objects.filter(parent=internal))
    as_alice.post(f"/videos/{video.pk}/comments/", {"text": "Between us", "internal": "1"})
    assert Comment.objects.get(text="Between us").is_internal


def test_share_dialog_says_what_guests_see(video: Video, internal: Comment, as_alice: Client) -> None:
    html = " ".join(as_alice.get(f"/videos/{video.pk}/share/").content.decode().split())
    assert "they also see 1 comment." in html
    assert "2 internal comments stay in the team." in html
    assert "They never see internal comments." in html
