"""Comments, how a video stands, and versions: who may, what is written, what the page says."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import ProtectedError
from django.test import Client
from django.utils import timezone

from tests import factories
from tests.page_form import text_of
from tests.page_rows import finished
from tests.teams.test_viewers import everything
from wanstudio.accounts.models import User
from wanstudio.append_only import AppendOnly
from wanstudio.jobs.models.job import Job
from wanstudio.notifications.models import Notification
from wanstudio.review import verbs
from wanstudio.review.models import Comment, Mention, Verdict
from wanstudio.review.queries import standing_verdict
from wanstudio.review.verbs import Guest, Said, add_comment, decide, mentioned
from wanstudio.sharing.guest_access import MAX_COMMENTS
from wanstudio.sharing.models import ShareLink
from wanstudio.sharing.verbs import change_link, make_link, revoke_link
from wanstudio.teams.models import Team
from wanstudio.videos.models import Video

Queries = Callable[..., Any]


def page(client: Client, video: Video) -> str:
    return client.get(f"/videos/{video.pk}/").content.decode()


def say(client: Client, video: Video, text: str, **fields: Any) -> Any:
    return client.post(f"/videos/{video.pk}/comments/", {"text": text, **fields})


def test_comment_keeps_its_range_and_is_escaped(video: Video, as_vera: Client, vera: User, as_alice: Client) -> None:
    answer = say(as_vera, video, "The hand melts\r\n<b>here</b>", at="0:03.4", until="4.1")
    assert answer.headers["Location"] == f"/videos/{video.pk}/"
    comment = Comment.objects.get()
    assert (comment.author, comment.at_s, comment.until_s) == (vera, 3.4, 4.1)
    html = page(as_alice, video)
    assert "The hand melts<br>&lt;b&gt;here&lt;/b&gt;" in html
    assert "0:03.4 to 0:04.1" in html


@pytest.mark.parametrize(
    ("at", "until", "kept"),
    [
        ("", "", (None, None)),
        ("99", "", (14.2, None)),
        ("5", "2", (2.0, 5.0)),
        ("", "3", (3.0, None)),
        ("1:00", "", (14.2, None)),
        ("3,5", "3.5", (3.5, None)),
    ],
)
def test_times_are_clamped_to_the_video(
    at: str, until: str, kept: tuple[float | None, float | None], video: Video, as_alice: Client
) -> None:
    say(as_alice, video, "Here", at=at, until=until)
    comment = Comment.objects.get()
    assert (comment.at_s, comment.until_s) == kept


@pytest.mark.parametrize(
    "fields", [{"text": "  "}, {"text": "x" * 4001}, {"text": "Here", "at": "soon"}, {"text": "Here", "at": "nan"}]
)
def test_invalid_comment_is_refused_with_a_sentence(fields: dict[str, str], video: Video, as_alice: Client) -> None:
    address = f"/videos/{video.pk}/comments/"
    assert as_alice.post(address, fields).status_code == 302
    scripted = as_alice.post(address, fields, headers={"HX-Request": "true"})
    assert scripted.status_code == 422
    assert b"not" in scripted.content.lower()
    assert not Comment.objects.exists()


def test_threads_are_ordered_by_time_in_the_video(video: Video, as_alice: Client, as_vera: Client) -> None:
    for text, at in (("Late", "9"), ("Early", "1"), ("All of it", "")):
        say(as_alice, video, text, at=at)
    early = Comment.objects.get(text="Early")
    say(as_vera, video, "Seen", parent=early.pk, at="7")
    reply = Comment.objects.get(text="Seen")
    say(as_alice, video, "Thanks", parent=reply.pk)
    assert (reply.parent, reply.at_s) == (early, None)
    assert Comment.objects.get(text="Thanks").parent == early
    html = page(as_alice, video)
    places = [html.index(text) for text in ("All of it", "Early", "Seen", "Thanks", "Late")]
    assert places == sorted(places)


def test_double_click_adds_one_comment(video: Video, as_alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verbs, "ECHO", timedelta(hours=1))
    say(as_alice, video, "Here", at="1")
    say(as_alice, video, "Here", at="1")
    say(as_alice, video, "Here", at="2")
    assert Comment.objects.count() == 2


def test_comment_is_resolved_and_reopened(video: Video, as_alice: Client, as_vera: Client, vera: User) -> None:
    say(as_alice, video, "Fix the hand", at="1")
    comment = Comment.objects.get()
    as_vera.post(f"/comments/{comment.pk}/resolve/", {"resolved": "1"})
    as_alice.post(f"/comments/{comment.pk}/resolve/", {"resolved": "1"})
    comment.refresh_from_db()
    assert comment.resolved_by == vera
    assert "0 open" in text_of(as_alice.get(f"/videos/{video.pk}/"))
    as_alice.post(f"/comments/{comment.pk}/resolve/", {})
    comment.refresh_from_db()
    assert comment.resolved_at is None
    assert comment.resolved_by is None


def test_only_the_author_edits_a_comment(video: Video, as_alice: Client, as_vera: Client) -> None:
    say(as_vera, video, "Fix the hand", at="1")
    comment = Comment.objects.get()
    fields = {"text": "Fix the left hand", "at": "1"}
    assert as_alice.post(f"/comments/{comment.pk}/edit/", fields).status_code == 404
    assert as_vera.post(f"/comments/{comment.pk}/edit/", fields).status_code == 302
    html = page(as_alice, video)
    assert "Fix the left hand" in html
    assert ", edited" in html


def test_comment_is_deleted_by_its_author_or_an_approver(
    video: Video, as_alice: Client, as_bob: Client, as_vera: Client
) -> None:
    say(as_vera, video, "First")
    say(as_alice, video, "Answer", parent=Comment.objects.get().pk)
    first = Comment.objects.get(text="First")
    answer = Comment.objects.get(text="Answer")
    assert as_bob.post(f"/comments/{first.pk}/delete/").status_code == 404
    assert as_vera.post(f"/comments/{answer.pk}/delete/").status_code == 404
    assert as_vera.post(f"/comments/{first.pk}/delete/").status_code == 302
    html = page(as_alice, video)
    assert "First" not in html
    assert "Deleted" in html
    assert "Answer" in html
    assert as_vera.post(f"/comments/{first.pk}/edit/", {"text": "Back"}).status_code == 404
    as_alice.post(f"/comments/{answer.pk}/delete/")
    assert "Deleted" not in page(as_alice, video)
    first.refresh_from_db()
    assert first.text == ""


def test_strangers_write_nothing(video: Video, as_alice: Client, as_charlie: Client, nobody: Client) -> None:
    say(as_alice, video, "Ours")
    comment = Comment.objects.get()
    elsewhere = finished(Team.objects.get(name="Elsewhere"), User.objects.get(name="Charlie"))
    before = everything()
    paths = [
        *(f"/videos/{video.pk}/{name}/" for name in ("comments", "verdict")),
        *(f"/comments/{comment.pk}/{name}/" for name in ("edit", "delete", "resolve")),
    ]
    for path in paths:
        fields = {"text": "Mine", "decision": "approved", "resolved": "1"}
        assert as_charlie.post(path, fields).status_code == 404
        assert nobody.post(path, fields).headers["Location"].startswith("/accounts/login/")
    assert as_charlie.get(f"/videos/{video.pk}/review/").status_code == 404
    assert say(as_charlie, elsewhere, "Answer", parent=comment.pk).status_code == 404
    after = everything()
    assert {name: rows for name, rows in after.items() if name != "User"} == {
        name: rows for name, rows in before.items() if name != "User"
    }


def test_mentions_are_rows(video: Video, as_alice: Client, vera: User, bob: User) -> None:
    say(as_alice, video, "@vera and @Charlie, not bob@example.com")
    assert [mention.person for mention in Mention.objects.all()] == [vera]
    comment = Comment.objects.get()
    as_alice.post(f"/comments/{comment.pk}/edit/", {"text": "Rather @Bob."})
    assert [mention.person for mention in Mention.objects.all()] == [bob]
    assert "<b>@Bob</b>." in page(as_alice, video)


def test_ambiguous_first_name_mentions_nobody() -> None:
    people = [User(pk=1, name="Ada Berg"), User(pk=2, name="Ada Cole"), User(pk=3, name="Ben Okafor")]
    assert [str(one) for one in mentioned("@ada, @Ada Cole and @ben, @Bengt", people)] == ["Ada Cole", "Ben Okafor"]


def test_guest_comment_has_no_links_and_no_mentions(video: Video, as_alice: Client, vera: User) -> None:
    add_comment(video, Said("See https://elsewhere.invalid @Vera <i>"), Guest("Ines <b>"))
    html = page(as_alice, video)
    assert 'href="https://elsewhere.invalid' not in html
    assert "Ines &lt;b&gt;" in html
    assert "@Vera &lt;i&gt;" in html
    assert not Mention.objects.exists()


def test_roles_that_may_decide_and_the_standing_verdict(
    video: Video, as_alice: Client, as_bob: Client, as_vera: Client, alice: User
) -> None:
    address = f"/videos/{video.pk}/verdict/"
    for client in (as_bob, as_vera):
        assert client.post(address, {"decision": "approved"}).status_code == 404
        assert "/verdict/" not in page(client, video)
    as_alice.post(address, {"decision": "needs_work", "note": "The hand"})
    as_alice.post(address, {"decision": "needs_work", "note": "The hand"})
    as_alice.post(address, {"decision": "never"})
    assert Verdict.objects.count() == 1
    assert "Needs work Alice, just now The hand" in text_of(as_bob.get(f"/videos/{video.pk}/")).replace(
        " A Alice", " Alice"
    )
    as_alice.post(address, {"decision": "approved"})
    as_alice.post(address, {"decision": "open"})
    assert standing_verdict(video) is None
    assert "Not decided yet" in page(as_bob, video)
    assert [each.decision for each in video.verdicts.order_by("pk")] == ["needs_work", "approved", "open"]


def test_verdicts_are_append_only(video: Video, alice: User) -> None:
    decide(video, alice, "approved")
    standing = standing_verdict(video)
    assert standing is not None
    with pytest.raises(AppendOnly):
        standing.save()
    with pytest.raises(AppendOnly):
        standing.delete()
    with pytest.raises(ProtectedError):
        alice.delete()


def shown(client: Client, **asked: str) -> list[int]:
    return [video.pk for video in client.get("/videos/", asked).context["videos"]]


def test_wall_filters_by_approval(team: Team, alice: User, as_alice: Client) -> None:
    good, bad, back, new = (finished(team, alice) for _ in range(4))
    for video, decision in ((good, "approved"), (bad, "approved"), (bad, "needs_work"), (back, "approved")):
        decide(video, alice, decision)
    decide(back, alice, "open")
    assert shown(as_alice, approval="approved") == [good.pk]
    assert shown(as_alice, approval="needs_work") == [bad.pk]
    assert shown(as_alice, approval="open") == [new.pk, back.pk]
    assert len(shown(as_alice, approval="x")) == 4
    html = as_alice.get("/videos/").content.decode()
    assert html.count('aria-label="Approved"') == 1
    assert html.count('aria-label="Needs work"') == 1


def test_poll_answers_204_without_changes(video: Video, as_alice: Client, as_bob: Client) -> None:
    def asks() -> str:
        return str(as_alice.get(f"/videos/{video.pk}/").context["review"]["state"])

    seen = asks()
    address = f"/videos/{video.pk}/review/"
    assert as_alice.get(address, {"seen": seen}).status_code == 204
    say(as_bob, video, "News")
    news = as_alice.get(address, {"seen": seen})
    assert "News" in news.content.decode()
    assert "<html" not in news.content.decode()
    comment = Comment.objects.get()
    for path, fields in (("resolve", {"resolved": "1"}), ("resolve", {}), ("delete", {})):
        seen = asks()
        assert as_alice.get(address, {"seen": seen}).status_code == 204
        as_bob.post(f"/comments/{comment.pk}/{path}/", fields)
        assert as_alice.get(address, {"seen": seen}).status_code == 200, path


def test_page_takes_as_many_queries_for_any_number_of_comments(
    video: Video, as_alice: Client, bob: User, django_assert_max_num_queries: Queries
) -> None:
    for number in range(30):
        comment = add_comment(video, Said(f"@Bob {number}", number / 3), bob)
        add_comment(video, Said(f"Answer {number}", parent=comment), Guest("Ines"))
    as_alice.get(f"/videos/{video.pk}/")
    with django_assert_max_num_queries(30):
        as_alice.get(f"/videos/{video.pk}/")
    with django_assert_max_num_queries(12):
        as_alice.get(f"/videos/{video.pk}/review/")


def again(video: Video, **fields: Any) -> Video:
    """The same inputs once more, done."""
    job = Job.objects.get(pk=video.job_id)
    same = {"character": job.character, "motion": job.motion, "behaviour": job.behaviour}
    return finished(job.team, job.person, title=fields.pop("title", job.title), **{**same, **fields})


def test_same_inputs_make_a_version(team: Team, alice: User, as_alice: Client) -> None:
    first = finished(team, alice, title="Mira walks")
    made = factories.job(
        team, alice, character=first.job.character, motion=first.job.motion, behaviour=first.job.behaviour
    )
    assert (made.lineage_id, made.title) == (first.job_id, "Mira walks")
    other = factories.job(team, alice, character=first.job.character, motion=first.job.motion, behaviour="replace")
    assert other.lineage is None


def test_wall_shows_the_newest_version(team: Team, alice: User, as_alice: Client) -> None:
    first = finished(team, alice)
    second = again(first)
    third = again(first, title="Renamed")
    alone = finished(team, alice)
    assert shown(as_alice) == [alone.pk, third.pk]
    assert shown(as_alice, versions="all") == [alone.pk, third.pk, second.pk, first.pk]
    assert 'title="Version 3 of 3"' in as_alice.get("/videos/").content.decode()
    # What is looked for is found in every version.
    assert shown(as_alice, q="mira") == [alone.pk, second.pk, first.pk]
    Video.objects.filter(pk=third.pk).update(binned_at=timezone.now())
    assert shown(as_alice) == [alone.pk, second.pk]
    assert 'title="Version 2 of 3"' in as_alice.get("/videos/").content.decode()


def test_all_versions_are_renamed(team: Team, alice: User, as_alice: Client) -> None:
    first = finished(team, alice, title="Mira walks")
    second, own = again(first), again(first, title="Her own")
    as_alice.post(f"/jobs/{second.job_id}/rename/", {"title": "Quay"})
    titles = Job.objects.order_by("pk").values_list("title", flat=True)
    assert list(titles) == ["Quay", "Quay", "Her own"]
    assert own.job.lineage_id == first.job_id


@pytest.fixture
def link(video: Video, alice: User) -> ShareLink:
    return make_link(Video.objects.get(pk=video.pk), alice, may_comment=True)


def guest_says(link: ShareLink, video: Video, client: Client | None = None, **fields: str) -> Any:
    said = {"name": "Jo", "text": "Lovely", "at": "2"} | fields
    return (client or Client()).post(f"/s/{link.token}/videos/{video.pk}/comments/", said)


def test_guest_comments_where_the_link_allows_it(link: ShareLink, video: Video, alice: User, as_alice: Client) -> None:
    assert (
        guest_says(link, video, text="@Alice see https://elsewhere.invalid").headers["Location"] == f"/s/{link.token}/"
    )
    comment = Comment.objects.get()
    assert (comment.guest, comment.author, comment.at_s, comment.link) == ("Jo", None, 2.0, link)
    guest = Client().get(f"/s/{link.token}/").content.decode()
    for html in (guest, page(as_alice, video)):
        assert "@Alice see https://elsewhere.invalid" in html
        assert 'href="https://elsewhere' not in html
    assert "/resolve/" not in guest
    assert "/delete/" not in guest
    assert "@example.com" not in guest
    assert not Mention.objects.exists()
    seen = as_alice.get(f"/s/{link.token}/").content.decode()
    assert "/resolve/" not in seen

    change_link(link, alice, may_comment=False)
    assert guest_says(link, video, text="Again").status_code == 404
    assert Client().get(f"/s/{link.token}/videos/{video.pk}/review/").status_code == 404
    assert "Lovely" not in Client().get(f"/s/{link.token}/").content.decode()
    assert Comment.objects.count() == 1


def test_guest_comment_needs_password_and_open_link(link: ShareLink, video: Video, alice: User) -> None:
    change_link(link, alice, password="quay")
    assert guest_says(link, video).status_code == 403
    change_link(link, alice, password="")
    other = finished(video.job.team, alice)
    assert guest_says(link, other).status_code == 404
    revoke_link(link, alice)
    assert guest_says(link, video).status_code == 404
    assert not Comment.objects.exists()


def test_guest_needs_a_name_and_is_limited_in_number(link: ShareLink, video: Video) -> None:
    assert guest_says(link, video, name=" \u200b").status_code == 302
    assert not Comment.objects.exists()
    for number in range(MAX_COMMENTS + 3):
        guest_says(link, video, text=f"Number {number}")
    assert Comment.objects.count() == MAX_COMMENTS
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    guest_says(link, video, elsewhere, text="From elsewhere")
    assert Comment.objects.count() == MAX_COMMENTS + 1


def test_guest_page_polls_new_comments(link: ShareLink, video: Video, as_alice: Client) -> None:
    address = f"/s/{link.token}/videos/{video.pk}/review/"
    seen = Client().get(f"/s/{link.token}/").context["review"]["state"]
    assert Client().get(address, {"seen": seen}).status_code == 204
    say(as_alice, video, "From the team")
    assert "From the team" in Client().get(address, {"seen": seen}).content.decode()


def test_maker_thread_and_mentioned_are_notified(
    video: Video, as_bob: Client, as_vera: Client, alice: User, bob: User, vera: User
) -> None:
    say(as_vera, video, "Look, @Bob", at="2")
    comment = Comment.objects.get()
    told = {note.person: (note.kind, note.path) for note in Notification.objects.all()}
    path = f"/videos/{video.pk}/?t=2.000#comment-{comment.pk}"
    assert told == {bob: ("mentioned", path), alice: ("comment", path)}
    say(as_bob, video, "I do", parent=comment.pk)
    assert {note.person for note in Notification.objects.exclude(event__startswith=f"comment {comment.pk}")} == {
        alice,
        vera,
    }


def test_versions_and_any_two_are_compared(team: Team, alice: User, charlie: User, as_alice: Client) -> None:
    first = finished(team, alice)
    second = again(first)
    stranger = finished(team, alice)
    html = page(as_alice, second)
    assert f'href="?with={first.pk}"' in html
    assert "The motion clip" in html
    compared = as_alice.get(f"/videos/{second.pk}/", {"with": str(first.pk)}).content.decode()
    assert f'data-src="/videos/{first.pk}/file"' in compared
    newer = as_alice.get(f"/videos/{first.pk}/", {"with": str(second.pk)})
    assert newer.headers["Location"] == f"/videos/{second.pk}/?with={first.pk}", "the older one is on the left"
    elsewhere = finished(Team.objects.get(name="Elsewhere"), User.objects.get(name="Charlie"))
    for wrong in (str(elsewhere.pk), str(second.pk), "x"):
        assert as_alice.get(f"/videos/{second.pk}/", {"with": wrong}).context["other"] is None
    any_two = {"team": team.pk, "video": [first.pk, stranger.pk]}
    answer = as_alice.post("/videos/selected/compare/", any_two)
    assert answer.headers["Location"] == f"/videos/{stranger.pk}/?with={first.pk}"
    assert as_alice.get(answer.headers["Location"]).context["other"] == first
    assert 'aria-label="Previous version, v1"' in page(as_alice, second)
    assert 'aria-label="Next version, v2"' in page(as_alice, first)
    for ticked in ([first.pk], [first.pk, second.pk, stranger.pk], [first.pk, elsewhere.pk]):
        refused = as_alice.post("/videos/selected/compare/", {"team": team.pk, "video": ticked})
        assert refused.headers["Location"] == "/videos/"
    assert "Version 1 of 1" not in page(as_alice, stranger)
