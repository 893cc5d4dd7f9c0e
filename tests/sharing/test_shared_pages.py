"""Share links: what a guest gets, and for how long."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.core.cache import cache
from django.db import IntegrityError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.page_form import text_of
from tests.page_rows import finished
from wanstudio.accounts.models import User
from wanstudio.activity.models import Activity
from wanstudio.sharing import guest_access
from wanstudio.sharing import queries as sharing_queries
from wanstudio.sharing.models import ShareLink
from wanstudio.sharing.queries import link_by_token
from wanstudio.sharing.verbs import change_link, make_link, revoke_link
from wanstudio.teams.models import Membership, Team
from wanstudio.videos.models import Collection, Video
from wanstudio.videos.verbs import bin_videos, collect, collection_named, restore_videos

ENDED = "This link has expired. Ask Northlight for a new one."
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"


@pytest.fixture
def link(video: Video, alice: User) -> ShareLink:
    return make_link(video, alice)


@pytest.fixture(autouse=True)
def fresh_cache(db: None) -> None:
    cache.clear()


def page(link: ShareLink) -> str:
    return reverse("shared.show", args=[link.token])


def file(link: ShareLink, video: Video) -> str:
    return reverse("shared.file", args=[link.token, video.pk])


def everything(link: ShareLink, video: Video) -> list[str]:
    return [page(link), file(link, video), reverse("shared.poster", args=[link.token, video.pk])]


def unlock(client: Client, link: ShareLink, password: str, **more: Any) -> Any:
    return client.post(reverse("shared.unlock", args=[link.token]), {"password": password}, **more)


# --- the token ----------------------------------------------------------------------------------------


def test_token_is_random_and_not_stored_in_clear(video: Video, alice: User) -> None:
    links = [make_link(video, alice) for _ in range(20)]
    tokens = [link.token for link in links]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens)
    assert len({token[:8] for token in tokens}) == len({token[-8:] for token in tokens}) == 20
    for link in links:
        kept = str(ShareLink.objects.filter(pk=link.pk).values().get())
        assert link.token not in kept
        assert link_by_token(link.token) == link


def test_wrong_tokens_get_the_same_404(link: ShareLink, nobody: Client) -> None:
    token = link.token
    wrong = [str(link.pk), link.digest, token[:-1], token + "A", token.swapcase(), "A" * 43, "%00" * 43, "é" * 43]
    answers = {text_of(nobody.get(f"/s/{word}/")) for word in wrong}
    assert all(nobody.get(f"/s/{word}/").status_code == 404 for word in wrong)
    assert len(answers) == 1
    assert "Northlight" not in answers.pop()
    assert link.token not in link.encrypted_token


# --- who may make and see links -----------------------------------------------------------------------


def test_link_is_made_changed_and_revoked(video: Video, as_alice: Client, nobody: Client) -> None:
    address = reverse("shares.video", args=[video.pk])
    sent = {"lasts": "30", "password": "quay at dawn", "may_download": "on"}
    assert as_alice.post(address, sent).status_code == 302
    link = ShareLink.objects.get()
    assert link.expires_at is not None
    assert timedelta(days=29, hours=23) < link.expires_at - timezone.now() <= timedelta(days=30)
    assert (link.may_download, link.may_comment, "quay" in link.password) == (True, False, False)
    shown = as_alice.get(address).content.decode()
    assert f"http://127.0.0.1:8000/s/{link.token}/" in shown
    assert '<svg viewBox="0 0' in shown
    as_alice.post(reverse("shares.edit", args=[link.pk]), {"lasts": "keep", "may_comment": "on", "password": ""})
    before, link = link, ShareLink.objects.get()
    assert (link.password, link.expires_at, link.may_download) == (before.password, before.expires_at, False)
    as_alice.post(reverse("shares.edit", args=[link.pk]), {"lasts": "never", "no_password": "on"})
    link.refresh_from_db()
    assert (link.password, link.expires_at, nobody.get(page(link)).status_code) == ("", None, 200)
    as_alice.post(reverse("shares.revoke", args=[link.pk]))
    assert nobody.get(page(link)).status_code == 404
    assert link.token not in as_alice.get(address).content.decode()
    noted = Activity.objects.filter(act__startswith="link.").values_list("act", "about")
    changes = [("link.changed", "Mira walks")] * 2
    assert list(noted) == [("link.made", "Mira walks"), *changes, ("link.revoked", "Mira walks")]


def test_chosen_date_ends_at_midnight(video: Video, as_alice: Client) -> None:
    address = reverse("shares.video", args=[video.pk])
    tomorrow = timezone.now().date() + timedelta(days=1)
    yesterday = timezone.now().date() - timedelta(days=2)
    for until in ("", "soon", yesterday.isoformat(), "9999-12-31"):
        refused = as_alice.post(address, {"lasts": "date", "until": until})
        assert refused.status_code == 422
    as_alice.post(address, {"lasts": "date", "until": tomorrow.isoformat()})
    ends = ShareLink.objects.get().expires_at
    assert ends is not None
    assert ends.isoformat() == f"{tomorrow + timedelta(days=1)}T00:00:00+00:00"


def test_sharing_is_404_without_the_role(
    video: Video, link: ShareLink, as_vera: Client, as_charlie: Client, nobody: Client
) -> None:
    ours = reverse("shares.video", args=[video.pk])
    posts = [ours, reverse("shares.edit", args=[link.pk]), reverse("shares.revoke", args=[link.pk])]
    for client in (as_vera, as_charlie):
        assert client.get(ours).status_code == 404
        assert [client.post(address, {"lasts": "7"}).status_code for address in posts] == [404, 404, 404]
    assert [nobody.post(address).status_code for address in posts] == [302, 302, 302]
    link.refresh_from_db()
    assert (ShareLink.objects.count(), link.revoked_at) == (1, None)
    assert link.token not in as_vera.get(reverse("videos.show", args=[video.pk])).content.decode()


def test_private_collection_is_shared_by_its_maker_alone(
    team: Team, alice: User, bob: User, video: Video, as_alice: Client, nobody: Client
) -> None:
    his = collection_named(team, bob, "Drafts", "private")
    assert his
    collect(his, [video], bob)
    assert as_alice.post(reverse("shares.collection", args=[his.pk]), {"lasts": "7"}).status_code == 404
    shared = collection_named(team, bob, "Cut")
    assert shared
    as_alice.post(reverse("shares.collection", args=[shared.pk]), {"lasts": "7"})
    link = ShareLink.objects.get()
    assert nobody.get(page(link)).status_code == 200
    Collection.objects.filter(pk=shared.pk).update(visibility="private")
    assert ENDED in text_of(nobody.get(page(link)))


@pytest.mark.parametrize("role", ["viewer", ""])
def test_links_to_a_private_collection_end_with_the_makers_right(
    role: str, team: Team, bob: User, video: Video, nobody: Client
) -> None:
    """Nobody else sees the collection, and so nobody else could revoke them."""
    his = collection_named(team, bob, "Drafts", "private")
    assert his
    collect(his, [video], bob)
    link = make_link(his, bob)
    assert nobody.get(file(link, video)).status_code == 200
    membership = Membership.objects.filter(team=team, user=bob)
    membership.update(role=role) if role else membership.delete()
    for address in everything(link, video):
        assert nobody.get(address).status_code == 404, address


# --- what a guest gets --------------------------------------------------------------------------------


def test_guest_sees_the_shared_video_alone(link: ShareLink, video: Video, alice: User, nobody: Client) -> None:
    other = finished(video.job.team, alice, title="Secret")
    shown = text_of(nobody.get(page(link)))
    assert "Mira walks" in shown
    assert "shared by Alice" in shown
    assert b"".join(nobody.get(file(link, video))) == b"video"
    for name in ("shared.file", "shared.poster", "shared.video"):
        assert nobody.get(reverse(name, args=[link.token, other.pk])).status_code == 404


def test_shared_collection_shows_its_current_videos(team: Team, alice: User, video: Video, nobody: Client) -> None:
    cut = collection_named(team, alice, "The cut")
    assert cut
    link = make_link(cut, alice)
    assert "No videos yet" in text_of(nobody.get(page(link)))
    collect(cut, [video], alice)
    assert "Mira walks" in text_of(nobody.get(page(link)))
    one = reverse("shared.video", args=[link.token, video.pk])
    assert nobody.get(one).status_code == nobody.get(file(link, video)).status_code == 200
    bin_videos([video], alice)
    assert nobody.get(one).status_code == nobody.get(file(link, video)).status_code == 404
    assert "Mira walks" not in text_of(nobody.get(page(link)))
    cut.delete()
    assert ENDED in text_of(nobody.get(page(link)))


def test_every_answer_is_unlisted_and_not_cached(link: ShareLink, video: Video, nobody: Client) -> None:
    addresses = [*everything(link, video), "/s/none/", "/s/none", reverse("shared.unlock", args=[link.token])]
    for address in addresses:
        for answer in (nobody.get(address), nobody.head(address), nobody.post(address)):
            said = answer.headers
            assert said["X-Robots-Tag"] == "noindex, nofollow", address
            assert said["Referrer-Policy"] == "no-referrer", address
            assert said["Cache-Control"] == "private, no-store", address
            assert said["X-Frame-Options"] == "DENY", address
            assert "default-src 'none'" in said["Content-Security-Policy"], address
    assert "Allow: /s/" in nobody.get("/robots.txt").content.decode()


# --- its end ------------------------------------------------------------------------------------------


def test_revoked_link_stops_a_playing_video(link: ShareLink, video: Video, nobody: Client) -> None:
    part = nobody.get(file(link, video), headers={"Range": "bytes=0-1"})
    assert (part.status_code, b"".join(part)) == (206, b"vi")
    revoke_link(link, link.made_by)
    after = nobody.get(file(link, video), headers={"Range": "bytes=2-", "If-Range": part.headers["ETag"]})
    assert after.status_code == 404
    fresh = nobody.get(file(link, video), headers={"If-None-Match": part.headers["ETag"]})
    assert fresh.status_code == 404


def test_ended_link_says_so_to_its_holder(link: ShareLink, video: Video, alice: User, nobody: Client) -> None:
    def gone() -> bool:
        answers = [nobody.get(address) for address in everything(link, video)]
        return [answer.status_code for answer in answers] == [404] * 3 and ENDED in text_of(answers[0])

    assert not gone()
    bin_videos([video], alice)
    assert gone()
    restore_videos([video])
    assert not gone()
    change_link(link, link.made_by, expires_at=timezone.now())
    assert gone()
    change_link(link, link.made_by, expires_at=timezone.now() + timedelta(seconds=60))
    assert not gone()
    revoke_link(link, link.made_by)
    assert gone()


def test_links_of_binned_videos_are_listed_and_revoked(
    video: Video, link: ShareLink, alice: User, as_alice: Client, as_vera: Client, as_charlie: Client, nobody: Client
) -> None:
    kept, expired = make_link(video, alice), make_link(video, alice)
    ShareLink.objects.filter(pk=expired.pk).update(expires_at=timezone.now())
    bin_videos([video], alice)
    address = reverse("shares.video", args=[video.pk])
    binned = as_alice.get(reverse("binned.index")).content.decode()
    assert f'<a href="{address}">2 links</a>' in binned
    answer = as_alice.get(address)
    assert "This video is in the bin, so its links do not show it." in text_of(answer)
    assert f'href="{reverse("binned.index")}"' in answer.content.decode()
    assert "Create link" not in answer.content.decode()
    assert as_alice.post(address, {"lasts": "7"}).status_code == 404, "none is made to what nobody could see"
    for stranger in (as_vera, as_charlie):
        assert stranger.get(address).status_code == 404
        assert stranger.post(reverse("shares.revoke", args=[link.pk])).status_code == 404
    assert as_alice.post(reverse("shares.revoke", args=[link.pk])).headers["Location"] == address
    dialog = as_alice.post(reverse("shares.revoke", args=[expired.pk]), headers={"HX-Request": "true"})
    assert kept.token in dialog.content.decode()
    assert ">1 link<" in as_alice.get(reverse("binned.index")).content.decode()
    restore_videos([video])
    assert nobody.get(page(kept)).status_code == 200
    assert nobody.get(page(link)).status_code == 404
    as_alice.post(reverse("shares.revoke", args=[kept.pk]))
    bin_videos([video], alice)
    assert "It has no links." in text_of(as_alice.get(address))
    assert address not in as_alice.get(reverse("binned.index")).content.decode()


def test_link_to_a_deleted_video_has_ended(link: ShareLink, video: Video, nobody: Client) -> None:
    address = page(link)
    video.job.__class__.objects.filter(pk=video.job_id).update(video=None)
    video.delete()
    assert ENDED in text_of(nobody.get(address))


def test_link_has_one_target(link: ShareLink, team: Team, alice: User) -> None:
    link.collection = collection_named(team, alice, "Both")
    with pytest.raises(IntegrityError):
        link.save()


# --- the password -------------------------------------------------------------------------------------


def test_nothing_is_shown_before_the_password(video: Video, alice: User, nobody: Client) -> None:
    link = make_link(video, alice, password="quay at dawn")
    asked = nobody.get(page(link))
    assert asked.status_code == 200
    for word in (b"Mira", b"og:", b"poster", b"<video"):
        assert word not in asked.content
    assert nobody.get(file(link, video)).status_code == 404
    assert unlock(nobody, link, "quay").status_code == 403
    opened = unlock(nobody, link, "quay at dawn")
    cookie = opened.cookies["wanstudio_share"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (page(link), True, "Lax")
    assert "Mira walks" in text_of(nobody.get(page(link)))
    assert b"og:" not in nobody.get(page(link)).content
    assert nobody.get(file(link, video)).status_code == 200
    assert Client().get(file(link, video)).status_code == 404


def test_unlocking_holds_for_one_link_and_one_password(video: Video, alice: User, nobody: Client) -> None:
    link, other = (make_link(video, alice, password="quay at dawn") for _ in range(2))
    unlock(nobody, link, "quay at dawn")
    nobody.cookies["wanstudio_share"]["path"] = "/"
    assert nobody.get(file(link, video)).status_code == 200
    assert nobody.get(file(other, video)).status_code == 404
    change_link(link, link.made_by, password="quay at dawn")
    assert nobody.get(file(link, video)).status_code == 404


def test_guesses_are_limited_by_link_and_address(video: Video, alice: User, nobody: Client) -> None:
    link, other = (make_link(video, alice, password="quay at dawn") for _ in range(2))
    told = [unlock(nobody, link, f"guess {number}").status_code for number in range(guest_access.MAX_GUESSES + 3)]
    assert told == [403] * guest_access.MAX_GUESSES + [429] * 3
    assert unlock(nobody, link, "quay at dawn").status_code == 429
    # Neither this address from another link, nor another address from this one.
    assert unlock(nobody, other, "quay at dawn").status_code == 302
    assert unlock(Client(REMOTE_ADDR="192.0.2.7"), link, "quay at dawn").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_concurrent_guesses_are_limited_alike(video: Video, alice: User) -> None:
    link = make_link(video, alice, password="quay at dawn")
    together = Barrier(12)

    def guess(number: int) -> int:
        together.wait(timeout=60)
        try:
            return int(unlock(Client(), link, f"guess {number}").status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        told = list(pool.map(guess, range(12)))
    assert told.count(403) <= guest_access.MAX_GUESSES
    assert told.count(403) + told.count(429) == 12


def test_ipv6_network_counts_as_one_address(video: Video, alice: User) -> None:
    link = make_link(video, alice, password="quay at dawn")
    told = [
        unlock(Client(REMOTE_ADDR=f"2001:db8::{number:x}"), link, "guess").status_code
        for number in range(guest_access.MAX_GUESSES + 1)
    ]
    assert told == [403] * guest_access.MAX_GUESSES + [429]
    assert unlock(Client(REMOTE_ADDR="2001:db8:0:1::1"), link, "quay at dawn").status_code == 302


def test_many_addresses_leave_each_one_guess(video: Video, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guest_access, "MAX_GUESSES_OF_ALL", 4)
    link = make_link(video, alice, password="quay at dawn")
    for number in range(4):
        unlock(Client(REMOTE_ADDR=f"198.51.100.{number}"), link, "guess")
    late = Client(REMOTE_ADDR="192.0.2.8")
    assert [unlock(late, link, "guess").status_code for _ in range(2)] == [403, 429]
    assert unlock(Client(REMOTE_ADDR="192.0.2.9"), link, "quay at dawn").status_code == 302


def test_guest_form_needs_its_token_and_no_origin(video: Video, alice: User) -> None:
    """A page that tells nobody where it comes from sends `Origin: null`."""
    link = make_link(video, alice, password="quay at dawn")
    strict = Client(enforce_csrf_checks=True)
    word = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)', strict.get(page(link)).content.decode())[0]
    address = reverse("shared.unlock", args=[link.token])
    sent = {"password": "quay at dawn", "csrfmiddlewaretoken": word}
    assert strict.post(address, sent, headers={"Origin": "https://elsewhere.example"}).status_code == 403
    assert strict.post(address, {"password": "quay at dawn"}, headers={"Origin": "null"}).status_code == 403
    assert strict.post(address, sent, headers={"Origin": "null"}).status_code == 302


# --- previews and views -------------------------------------------------------------------------------


def test_poster_may_be_embedded_by_chat_apps(link: ShareLink, video: Video, nobody: Client) -> None:
    shown = nobody.get(page(link), headers={"User-Agent": "Slackbot-LinkExpanding 1.0"}).content.decode()
    poster = reverse("shared.poster", args=[link.token, video.pk])
    assert '<meta property="og:title" content="Mira walks">' in shown
    assert f'<meta property="og:image" content="http://127.0.0.1:8000{poster}">' in shown
    assert f'content="http://127.0.0.1:8000{file(link, video)}"' in shown
    drawn = nobody.get(poster)
    assert drawn.headers["Content-Type"] == "image/jpeg"
    # Some draw it in the reader's browser, on a page of theirs.
    assert drawn.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert nobody.get(file(link, video)).headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_views_count_visits_of_people(link: ShareLink, video: Video) -> None:
    def views() -> int:
        link.refresh_from_db()
        return link.views

    for machine in ("facebookexternalhit/1.1", "WhatsApp/2.23", "TelegramBot (like TwitterBot)", "Googlebot/2.1"):
        Client().get(page(link), headers={"User-Agent": machine})
    person = Client(headers={"User-Agent": BROWSER})
    person.head(page(link))
    person.get(page(link), headers={"Sec-Purpose": "prefetch;prerender"})
    person.get(file(link, video), headers={"Range": "bytes=0-1"})
    assert (views(), link.last_seen_at) == (0, None)
    for _ in range(3):
        person.get(page(link))
    assert views() == 1
    Client(headers={"User-Agent": BROWSER}).get(page(link))
    assert views() == 2
    assert link.last_seen_at is not None


def test_wrong_password_counts_no_view(video: Video, alice: User, nobody: Client) -> None:
    link = make_link(video, alice, password="quay at dawn")
    nobody.get(page(link))
    unlock(nobody, link, "guess")
    link.refresh_from_db()
    assert link.views == 0


def test_collection_comes_in_pages(team: Team, alice: User, nobody: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing_queries, "PAGE", 2)
    monkeypatch.setattr(sharing_queries, "MAX_COUNTED", 3)
    cut = collection_named(team, alice, "Cut")
    assert cut
    videos = [finished(team, alice, title=f"Take {one}") for one in range(5)]
    collect(cut, videos[:4], alice)
    link = make_link(cut, alice)
    address = reverse("shared.show", args=[link.token])

    first = nobody.get(address)
    assert ("Take 3" in text_of(first), "Take 1" in text_of(first), "Take 4" in text_of(first)) == (True, False, False)
    assert "Cut 3+ videos" in text_of(first)
    assert f'href="?before={videos[2].pk}"' in first.content.decode()
    more = nobody.get(address, {"before": videos[2].pk}, headers={"HX-Request": "true"})
    assert more.content.decode().count("<article") == 2
    assert "<html" not in more.content.decode()
    plain = text_of(nobody.get(address, {"before": videos[2].pk}))
    assert ("Take 1" in plain, "Take 3" in plain, "Newest videos" in plain) == (True, False, True)

    bin_videos([videos[0]], alice)
    assert "Take 0" not in text_of(nobody.get(address, {"before": videos[2].pk}))
    revoke_link(link, alice)
    assert nobody.get(address, {"before": videos[2].pk}, headers={"HX-Request": "true"}).status_code == 404
