"""Tags, collections, the bin and the archive: who may, what happens to what, and that nothing else does."""

import io
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests import factories
from tests.page_form import text_of
from tests.page_rows import finished
from tests.videos.test_video_pages import WALL, shown
from wanstudio.accounts.models import User
from wanstudio.activity.models import Activity
from wanstudio.jobs.models.job import Job
from wanstudio.money.models import Entry
from wanstudio.teams.models import Membership, Team
from wanstudio.uploads.models import Source
from wanstudio.videos import verbs
from wanstudio.videos.models import Collection, Tag, Video
from wanstudio.videos.verbs import KEPT, collect, collection_named, empty_bin, star
from wanstudio.videos.views.wall_page import file_name, unused


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def as_viewer(team: Team) -> Client:
    viewer = factories.user("Vera")
    Membership.objects.create(team=team, user=viewer, role=Membership.Role.VIEWER)
    return signed_in(viewer)


def selected(client: Client, team: Team, act: str, videos: list[Video], **fields: Any) -> Any:
    sent = {"team": team.pk, "video": [video.pk for video in videos], **fields}
    return client.post(reverse(f"selection.{act}"), sent)


# --- tags ---------------------------------------------------------------------------------------------


def test_tag_ignores_case_and_goes_with_its_last_video(video: Video, as_alice: Client) -> None:
    address = reverse("filing.tag", args=[video.pk])
    for name in ("Évening, noir", "éVENING", "  NOIR "):
        as_alice.post(address, {"tag": name})
    assert sorted(tag.name for tag in video.tags.all()) == ["noir", "Évening"]
    assert (shown(as_alice, tag="ÉVENING"), shown(as_alice, tag="nothing")) == ([video.pk], [])
    assert shown(as_alice, q="éven walks") == shown(as_alice, q="NOIR") == [video.pk]
    as_alice.post(address, {"remove": "NOIR"})
    assert [tag.name for tag in Tag.objects.all()] == ["Évening"]


def test_filing_by_htmx_returns_its_fragment(video: Video, as_alice: Client) -> None:
    answer = as_alice.post(
        reverse("filing.tag", args=[video.pk]), {"tag": "<b>noir"}, headers={"HX-Request": "true"}
    ).content.decode()
    assert answer.lstrip().startswith('<div class="filed')
    assert "&lt;b&gt;noir" in answer
    assert "<html" not in answer


def test_empty_names_change_nothing(video: Video, team: Team, as_alice: Client) -> None:
    as_alice.post(reverse("filing.tag", args=[video.pk]), {"tag": " , \x00,\u200b "})
    as_alice.post(reverse("filing.collect", args=[video.pk]), {"name": "  "})
    selected(as_alice, team, "tag", [video], tag="  ")
    selected(as_alice, team, "collect", [video])
    assert not Tag.objects.exists()
    assert not Collection.objects.exists()


# --- who may ------------------------------------------------------------------------------------------


def forged(video: Video, collection: Collection) -> list[tuple[str, dict[str, Any]]]:
    pk, team = video.pk, video.job.team_id
    many = {"team": team, "video": [pk]}
    return [
        (reverse("filing.tag", args=[pk]), {"tag": "x"}),
        (reverse("filing.collect", args=[pk]), {"name": "x"}),
        (reverse("binned.add", args=[pk]), {}),
        (reverse("selection.tag"), {**many, "tag": "x"}),
        (reverse("selection.collect"), {**many, "name": "x"}),
        (reverse("selection.bin"), many),
        (reverse("collections.add"), {"team": team, "name": "x"}),
        (reverse("collections.edit", args=[collection.pk]), {"name": "x"}),
        (reverse("collections.delete", args=[collection.pk]), {}),
        (reverse("collections.move", args=[collection.pk]), {"to": "earlier"}),
    ]


def test_organising_is_404_without_the_role(
    video: Video, team: Team, alice: User, as_viewer: Client, as_charlie: Client, nobody: Client
) -> None:
    collection = collection_named(team, alice, "Cut")
    assert collection
    for address, sent in forged(video, collection):
        assert as_viewer.post(address, sent).status_code == 404, address
        assert as_charlie.post(address, sent).status_code == 404, address
        assert nobody.post(address, sent).status_code == 302, address
        assert as_viewer.get(address).status_code == 405, address
    assert as_viewer.get(reverse("binned.index")).status_code == 404
    assert (Tag.objects.count(), Collection.objects.get().name, Video.objects.get().binned_at) == (0, "Cut", None)
    assert as_viewer.get(reverse("videos.show", args=[video.pk])).status_code == 200
    assert "Move to the bin" not in as_viewer.get(reverse("videos.show", args=[video.pk])).content.decode()
    assert selected(as_viewer, team, "zip", [video]).headers["Content-Type"] == "application/zip"
    assert selected(as_charlie, team, "zip", [video]).status_code == 404


def test_videos_of_another_team_are_not_filed(video: Video, charlie: User, as_charlie: Client) -> None:
    elsewhere = charlie.teams.get()
    for act, fields in (("tag", {"tag": "x"}), ("collect", {"name": "x"}), ("bin", {}), ("zip", {})):
        assert selected(as_charlie, elsewhere, act, [video], **fields).status_code == 302
    assert not Tag.objects.exists()
    assert Video.objects.get().binned_at is None


# --- collections --------------------------------------------------------------------------------------


def test_private_collection_is_hidden_from_others(video: Video, team: Team, bob: User, as_alice: Client) -> None:
    mine = collection_named(team, bob, "Mine", "private")
    assert mine
    collect(mine, [video], bob)
    as_bob = signed_in(bob)

    assert shown(as_bob, collection=str(mine.pk)) == [video.pk]
    assert shown(as_alice, collection=str(mine.pk)) == []
    assert "Mine" in text_of(as_bob.get(reverse("collections.index")))
    for page in (reverse("collections.index"), WALL, reverse("videos.show", args=[video.pk])):
        assert "Mine" not in text_of(as_alice.get(page))
    for name in ("edit", "delete", "move"):
        assert as_alice.post(reverse(f"collections.{name}", args=[mine.pk]), {"name": "x"}).status_code == 404
    assert selected(as_alice, team, "collect", [video], collection=mine.pk).status_code == 404


def test_only_the_maker_makes_a_collection_private(team: Team, bob: User, as_alice: Client) -> None:
    made = collection_named(team, bob, "Cut")
    assert made
    address = reverse("collections.edit", args=[made.pk])
    as_alice.post(address, {"name": "Final cut", "visibility": "private"})
    assert [(one.name, one.visibility) for one in Collection.objects.all()] == [("Final cut", "team")]
    signed_in(bob).post(address, {"visibility": "private"})
    assert Collection.objects.get().is_private


def test_deleted_collection_leaves_its_videos(video: Video, team: Team, as_alice: Client) -> None:
    other = finished(team, video.job.person, title="Otto")
    for _ in range(2):
        selected(as_alice, team, "collect", [video, other], name="Harbour")
    made = Collection.objects.get()
    assert shown(as_alice, collection=str(made.pk)) == [other.pk, video.pk]
    selected(as_alice, team, "collect", [other], out=made.pk)
    assert shown(as_alice, collection=str(made.pk)) == [video.pk]
    as_alice.post(reverse("filing.collect", args=[other.pk]), {"collection": made.pk})
    as_alice.post(reverse("filing.collect", args=[video.pk]), {"remove": made.pk})
    assert shown(as_alice, collection=str(made.pk)) == [other.pk]
    as_alice.post(reverse("collections.delete", args=[made.pk]))
    assert shown(as_alice) == [other.pk, video.pk]


def test_list_of_collections_takes_constant_queries(
    video: Video, team: Team, alice: User, as_alice: Client, django_assert_max_num_queries: Any
) -> None:
    as_alice.get(WALL)
    for number in range(12):
        if made := collection_named(team, alice, f"Cut {number}"):
            collect(made, [video], alice)
    with django_assert_max_num_queries(12):
        assert text_of(as_alice.get(reverse("collections.index"))).count("1 video ·") == 12
    as_alice.post(reverse("collections.move", args=[Collection.objects.latest("pk").pk]), {"to": "earlier"})
    assert [one.name for one in Collection.objects.all()][-2:] == ["Cut 11", "Cut 10"]


# --- the wall -----------------------------------------------------------------------------------------


def test_every_filter_is_in_the_address(team: Team, alice: User, as_alice: Client) -> None:
    old, new = finished(team, alice, resolution="480p"), finished(team, alice)
    Video.objects.filter(pk=old.pk).update(archived_at=timezone.now() - timedelta(days=40))
    day = (timezone.localdate() - timedelta(days=40)).isoformat()

    assert shown(as_alice, resolution="480p") == [old.pk]
    assert shown(as_alice, character=str(new.job.character_id)) == [new.pk]
    assert shown(as_alice, motion=str(old.job.motion_id)) == [old.pk]
    assert shown(as_alice, **{"from": day, "to": day}) == [old.pk]
    assert shown(as_alice, **{"from": timezone.localdate().isoformat()}) == [new.pk]
    assert shown(as_alice, **{"from": "2026-99-01", "to": "9999-12-31"}) == [new.pk, old.pk]
    assert shown(as_alice, q="\x00mira") == shown(as_alice) == [new.pk, old.pk]
    assert shown(as_alice, collection="9" * 30) == [new.pk, old.pk], "no id at all is no filter"


def test_date_filter_uses_the_time_zone_of_the_team(as_alice: Client, team: Team, alice: User) -> None:
    Team.objects.filter(pk=team.pk).update(time_zone="Pacific/Auckland")
    video = finished(team, alice)
    Video.objects.filter(pk=video.pk).update(archived_at=datetime(2026, 6, 30, 13, 0, tzinfo=UTC))
    assert shown(as_alice, **{"from": "2026-07-01"}) == [video.pk]
    assert shown(as_alice, to="2026-06-30") == []
    Team.objects.filter(pk=team.pk).update(time_zone="America/Los_Angeles")
    assert shown(as_alice, **{"from": "2026-06-30", "to": "2026-06-30"}) == [video.pk]


def test_scrolled_wall_reloads_to_the_same_tile(
    team: Team, alice: User, as_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wanstudio.videos.views.wall_page.PAGE", 2)
    made = [finished(team, alice).pk for _ in range(6)]
    more = as_alice.get(WALL, {"q": "mira", "before": str(made[4])}, headers={"HX-Request": "true"})
    assert more.headers["HX-Replace-Url"] == f"?q=mira&through={made[2]}"
    assert "HX-Request" in more.headers["Vary"]
    again = as_alice.get(WALL, {"q": "mira", "through": str(made[2])})
    assert [video.pk for video in again.context["videos"]] == made[:1:-1]
    assert again.context["next_query"] == f"q=mira&before={made[2]}"


def test_selecting_all_takes_what_the_page_showed(team: Team, alice: User, as_alice: Client) -> None:
    old, other = finished(team, alice, title="Mira"), finished(team, alice, title="Otto")
    page = as_alice.get(WALL, {"q": "mira"})
    newest = page.context["totals"]["newest"]
    later = finished(team, alice, title="Mira")
    selected(as_alice, team, "bin", [], all="1", query=page.context["query"], newest=newest)
    assert shown(as_alice) == [later.pk, other.pk]
    assert old.pk == newest


# --- the archive --------------------------------------------------------------------------------------


def test_zip_is_complete_and_named_by_titles(team: Team, alice: User, as_alice: Client) -> None:
    titles = ["Mira walks", "mira WALKS", "../../etc/passwd", "Ärger: 50 % / *?", "CON"]
    made = [finished(team, alice, title=title) for title in titles]
    gone = finished(team, alice, title="Gone")
    gone.file.storage.delete(str(gone.file.name))
    answer = selected(as_alice, team, "zip", [*made, gone])
    body = b"".join(answer.streaming_content)

    assert answer.headers["Content-Length"] == str(len(body))
    assert "northlight-videos-" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert sorted(archive.namelist()) == [
            "Mira walks (2).mp4",
            "etc passwd.mp4",
            "mira WALKS.mp4",
            "video CON.mp4",
            "Ärger 50 %.mp4",
        ]
        assert archive.read("etc passwd.mp4") == b"video"


@pytest.mark.parametrize("title", ["", "...", "/", "\u202egpj.exe", "a" * 300, "ä" * 300, "x. ", "nul.txt", "\n\t"])
def test_file_names_are_safe_on_every_system(title: str) -> None:
    name = file_name(title)
    assert name
    assert len(f"{name} (10).mp4".encode()) <= 255
    assert name == name.strip(" .")
    assert not set(name) & set('<>:"/\\|?*\u202e\n')
    assert name.partition(".")[0].lower() not in ("con", "nul")


def test_file_names_in_a_zip_are_unique() -> None:
    taken: set[str] = set()
    names = [unused(name, taken) for name in ("A", "a", "A (2)", "Ａ", "a")]
    assert len({name.casefold() for name in names}) == len(names)


# --- the bin ------------------------------------------------------------------------------------------


def test_binned_video_is_hidden_and_restored_whole(
    video: Video, team: Team, alice: User, as_alice: Client, as_viewer: Client
) -> None:
    as_alice.post(reverse("filing.tag", args=[video.pk]), {"tag": "noir"})
    star(alice, video)
    version = Job.objects.get().version
    selected(as_alice, team, "bin", [video], next=f"{WALL}?q=mira")

    assert Job.objects.get().version > version, "open pages are told"
    assert shown(as_alice) == []
    assert as_alice.get(reverse("videos.show", args=[video.pk])).status_code == 404
    assert as_alice.get(reverse("videos.file", args=[video.pk])).status_code == 200
    for name in ("videos.file", "videos.poster"):
        assert as_viewer.get(reverse(name, args=[video.pk])).status_code == 404
    page = as_alice.get(reverse("jobs.show", args=[video.job_id])).content.decode()
    assert "in the bin" in page
    assert f"/videos/{video.pk}/" not in page
    assert f"/videos/{video.pk}/" not in as_alice.get(reverse("jobs.index")).content.decode()
    assert "Mira walks" in text_of(as_alice.get(reverse("binned.index")))
    assert selected(as_alice, team, "zip", [video]).status_code == 302

    as_alice.post(reverse("binned.restore", args=[video.pk]))
    assert shown(as_alice, tag="noir", favourite="1") == [video.pk]
    assert as_alice.post(reverse("binned.erase", args=[video.pk])).status_code == 404, "not from the wall"


def test_erased_video_leaves_job_price_and_ledger(video: Video, as_alice: Client) -> None:
    job, path, entries = video.job, video.file.path, Entry.objects.count()
    as_alice.post(reverse("binned.add", args=[video.pk]))
    as_alice.post(reverse("binned.erase", args=[video.pk]))

    assert not Video.objects.exists()
    assert not video.file.storage.exists(path)
    assert not video.poster.storage.exists(video.poster.path)
    assert (Job.objects.get().price, Job.objects.get().state, Entry.objects.count()) == (job.price, "done", entries)
    assert "The video was deleted" in text_of(as_alice.get(reverse("jobs.show", args=[job.pk])))
    assert as_alice.post(reverse("binned.restore", args=[video.pk])).status_code == 404


def test_bin_is_emptied_after_thirty_days(team: Team, alice: User, as_alice: Client) -> None:
    young, old = finished(team, alice), finished(team, alice)
    unused_source = factories.motion(team, alice)
    for days, video in ((29, young), (31, old)):
        Video.objects.filter(pk=video.pk).update(binned_at=timezone.now() - timedelta(days=days))
    gone = timezone.now() - KEPT - timedelta(hours=1)
    Source.objects.filter(pk__in=[unused_source.pk, old.job.motion_id]).update(deleted_at=gone)

    assert empty_bin() == 3
    assert list(Video.objects.all()) == [young]
    assert not Source.objects.filter(pk=unused_source.pk).exists()
    kept = Source.objects.get(pk=old.job.motion_id)
    assert (kept.file.name, bool(kept.erased_at)) == ("", True), "the row of a used one stays"
    assert as_alice.get(reverse("jobs.show", args=[old.job_id])).status_code == 200
    assert empty_bin() == 0


def test_source_is_restored_and_kept_while_needed(team: Team, alice: User, as_alice: Client) -> None:
    job = factories.job(team, alice)
    address = [job.motion_id]
    as_alice.post(reverse("uploads.delete", args=address))
    assert "walk Motion" in text_of(as_alice.get(f"{reverse('binned.index')}?kind=uploads"))
    as_alice.post(reverse("binned.erase_upload", args=address))
    assert Source.objects.get(pk=job.motion_id).file, "a job under way needs it"
    as_alice.post(reverse("binned.restore_upload", args=address))
    assert "walk" in text_of(as_alice.get(reverse("uploads.index")))


def test_bin_of_another_team_is_hidden(video: Video, as_alice: Client, as_charlie: Client) -> None:
    Membership.objects.filter(user__name="Charlie").update(role=Membership.Role.OWNER)
    as_alice.post(reverse("binned.add", args=[video.pk]))
    assert "The bin is empty" in text_of(as_charlie.get(reverse("binned.index")))
    for name in ("binned.restore", "binned.erase"):
        assert as_charlie.post(reverse(name, args=[video.pk])).status_code == 404
    assert as_charlie.get(reverse("videos.file", args=[video.pk])).status_code == 404
    assert Video.objects.get().binned_at


def test_selection_takes_thousands_of_videos(video: Video, team: Team, as_alice: Client) -> None:
    others = range(10**6, 10**6 + 1500)
    sent = {"team": team.pk, "video": [video.pk, *others], "tag": "Launch"}
    assert as_alice.post(reverse("selection.tag"), sent).status_code == 302
    assert [tag.name for tag in video.tags.all()] == ["Launch"]


def test_sums_of_the_wall_are_of_the_newest_that_can_be_selected(
    video: Video, team: Team, alice: User, as_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        finished(team, alice)
    assert "All 3</label>" in as_alice.get("/videos/").content.decode()
    monkeypatch.setattr("wanstudio.videos.views.wall_page.MAX_SELECTED", 2)
    page = as_alice.get("/videos/").content.decode()
    assert '<span class="count" id="count">2+</span>' in page
    assert "Newest 2</label>" in page
    assert 'data-count="2"' in page


def test_a_tag_of_very_many_videos_lets_others_write_between(
    video: Video, team: Team, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verbs, "TAGGED_AT_ONCE", 2)
    videos = [video, *(finished(team, alice) for _ in range(4))]
    tag = verbs.tag_named(team, "noir")
    assert tag
    for verb in (verbs.put_tag_on, verbs.take_tag_off):
        with CaptureQueriesContext(connection) as asked:
            verb(tag, videos, alice)
        begun = [query["sql"] for query in asked.captured_queries if query["sql"].startswith("SAVEPOINT")]
        assert len(begun) >= 3
        assert Activity.objects.filter(about="5 videos: noir").count() == (1 if verb is verbs.put_tag_on else 2)
    assert not Tag.objects.exists()


def test_a_crash_among_very_many_tagged_videos_leaves_a_part_that_is_recorded(
    video: Video, team: Team, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verbs, "TAGGED_AT_ONCE", 2)
    videos = [video, *(finished(team, alice) for _ in range(4))]
    tag = verbs.tag_named(team, "noir")
    assert tag
    add = tag.videos.add

    def crashing(*some: Video) -> None:
        if videos[2] in some:
            raise RuntimeError
        add(*some)

    with pytest.raises(RuntimeError):
        verbs._tag(tag, videos, alice, "tag.put_on", crashing)
    assert {*tag.videos.all()} == {*videos[:2]}
    verbs.put_tag_on(tag, videos, alice)
    assert {*tag.videos.all()} == {*videos}
    told = Activity.objects.filter(about__contains="noir").order_by("pk")
    assert [one.about for one in told] == ["5 videos: noir", "3 videos: noir"]
