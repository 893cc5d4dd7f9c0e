"""The search of the wall: what is found, in any script, kept exact by the database, from the index alone."""

import sys
import unicodedata
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.db.migrations import CreateModel, Migration, RunPython
from django.db.models import BigAutoField
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.page_rows import finished, moved
from tests.videos.test_video_pages import WALL
from wanstudio.accounts.models import User
from wanstudio.jobs.models import State
from wanstudio.jobs.models.job import Job
from wanstudio.teams.models import Team
from wanstudio.videos import search, search_index, verbs
from wanstudio.videos.models import Tag, Video, VideoWords
from wanstudio.videos.search_sql import BLOCK, FACT, FTS, TABLE, apart, sql_apart

pytestmark = pytest.mark.django_db


def shown(client: Client, **asked: str) -> list[int]:
    """The tiles alone, as a page that is scrolled to: these tests ask often."""
    answer = client.get(WALL, {**asked, "before": "999999999"}, headers={"HX-Request": "true"})
    return [video.pk for video in answer.context["videos"]]


only_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="FTS5 is SQLite's")


@pytest.mark.parametrize(
    ("title", "found", "missed"),
    [
        (
            "Mira walking, slowly",
            ["wal", "WALKING", "slow mira", "walking,slowly", '"mira walking"', "w m"],
            ["alk", "walks"],
        ),
        ("Café Ünal, résumé", ["cafe", "CAFÉ", "unal resume", "cafe\u0301"], ["cafeteria"]),
        ("blue-coat_v2 (take 3.5)", ["coat", "blue-coat", "v2", "take 3", "3.5"], ["lue"]),
        ("Танец под дождём", ["танец", "ТАН", "дожд"], ["нец"]),
        ("رقص تحت المطر", ["رقص", "المطر مطر رقص"[:5], "تح"], ["طر"]),
        ("हिन्दी नृत्य", ["हिन्दी", "नृत्"], ["न्दी"]),
        ("東京タワーで踊りながら歩く人", ["東京", "京タ", "タワー", "踊りながら歩く", "人", "で踊"], ["京東", "歩人"]),
        ("雨中漫步的女孩", ["漫步", "雨中漫步的女孩", "女孩"], ["步漫"]),
        ("한국어 춤추는 사람", ["한국어", "국어", "춤추는"], ["어국"]),
        ("คนเดินช้าๆ", ["เดิน", "นเดิ"], ["ดเนิ"]),
        ("ダンスDance動画", ["dance", "ダンス", "動画", "ダンスdance"], ["dancer"]),
    ],
)
def test_words_are_found_in_any_script_from_their_beginning(
    team: Team, alice: User, as_alice: Client, title: str, found: list[str], missed: list[str]
) -> None:
    video = finished(team, alice, title=title)
    finished(team, alice, title="Something else")
    assert {q: shown(as_alice, q=q) for q in found} == {q: [video.pk] for q in found}
    assert {q: shown(as_alice, q=q) for q in missed} == {q: [] for q in missed}


def test_prompts_and_tags_are_searched_and_all_words_must_be_there(team: Team, alice: User, as_alice: Client) -> None:
    video = finished(team, alice, title="Mira", prompt="Keep the coat closed")
    finished(team, alice, title="Mira", prompt="Open coat")
    tag = verbs.tag_named(team, "Straße")
    assert tag
    verbs.put_tag_on(tag, [video], alice)
    assert shown(as_alice, q="mira closed") == shown(as_alice, q="coat straße") == [video.pk]
    assert shown(as_alice, q="closed open") == []


SIGNS = r"""" * NEAR OR ( ' \ a'b <-> % _ : 🔥 ﷺ İ ß -otto title:mira"""
UNSEEN = ["\u2d65", "\u2d65t1", "\ufffd", "\u200b", "\U0010ffff", "e\u0301"]
SENTENCES = ["mira NEAR/2 walks", "mira AND", "NOT mira", "mira OR otto", "x" * 10_000, "a " * 5_000, "東" * 10_000]
OF_MIRA = ["-mira", "mira)", "{mira}", "mira\\", "mira:*", "^mira", "mira & !walks", "mi\x00ra", "\x00", '"mira']


def test_no_sign_is_an_error_or_an_operator(video: Video, as_alice: Client) -> None:
    for q in [*SIGNS.split(), *UNSEEN, *SENTENCES, *OF_MIRA]:
        assert (q, shown(as_alice, q=q)) == (q, [video.pk] if q in OF_MIRA else [])


@only_sqlite
def test_every_letter_can_be_searched_for() -> None:
    letters = [chr(code) for code in range(sys.maxunicode) if unicodedata.category(chr(code))[0] in "LMN"]
    for at in range(0, len(letters), 20):
        assert of_words([f"zz{letter}zz" for letter in letters[at : at + 20]]) == []


def of_words(words: list[str]) -> list[int]:
    return search.Search("", []).found(words, search.END, 9)


def test_index_follows_every_change_whoever_makes_it(team: Team, alice: User, bob: User, as_alice: Client) -> None:
    video = finished(team, alice, title="Mira")
    tag = verbs.tag_named(team, "noir")
    assert tag
    assert shown(as_alice, q="noir") == []
    verbs.put_tag_on(tag, [video], alice)
    assert shown(as_alice, q="noir") == [video.pk]
    Tag.objects.filter(pk=tag.pk).update(name="Grey", key="grey")
    assert (shown(as_alice, q="noir"), shown(as_alice, q="grey")) == ([], [video.pk])
    verbs.take_tag_off(Tag.objects.get(), [video], alice)
    assert shown(as_alice, q="grey") == []
    Job.objects.filter(pk=video.job_id).update(title="Otto", prompt="by hand", person=bob)
    assert (shown(as_alice, q="mira"), shown(as_alice, q="otto hand", person=str(bob.pk))) == ([], [video.pk])
    verbs.bin_videos([video], alice)
    assert shown(as_alice, q="otto") == []
    verbs.restore_videos([video], alice)
    assert shown(as_alice, q="otto") == [video.pk]
    Job.objects.filter(pk=video.job_id).update(state=State.ARCHIVING)
    assert not VideoWords.objects.exists()
    Job.objects.filter(pk=video.job_id).update(state=State.DONE)
    verbs.bin_videos([video], alice)
    assert verbs.erase_video(video.pk)
    assert not VideoWords.objects.exists()


def test_nothing_of_another_team_is_found(video: Video, as_alice: Client, as_charlie: Client, charlie: User) -> None:
    theirs = finished(charlie.memberships.get().team, charlie, title="Mira walks")
    assert (shown(as_alice, q="mira"), shown(as_charlie, q="mira")) == ([video.pk], [theirs.pk])


@pytest.mark.parametrize("few", [1, search.FEW])
def test_words_and_filters_find_what_both_ask_for(
    team: Team, alice: User, bob: User, as_alice: Client, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(search, "FEW", few)
    one = finished(team, alice, title="Mira walks")
    two = finished(team, bob, title="Mira walks", behaviour="replace", resolution="480p")
    old = finished(team, alice, title="Mira walks")
    other = finished(team, alice, title="Otto walks")
    Video.objects.filter(pk=two.pk).update(approval="approved")
    Video.objects.filter(pk=old.pk).update(archived_at=datetime(2024, 2, 29, 12, tzinfo=UTC))
    tag, collection = verbs.tag_named(team, "night"), verbs.collection_named(team, alice, "Best")
    assert tag
    assert collection
    verbs.put_tag_on(tag, [one, other], alice)
    verbs.collect(collection, [two, other], alice)
    verbs.star(alice, old)
    asked: list[tuple[dict[str, str], list[Video]]] = [
        ({"person": str(bob.pk)}, [two]),
        ({"character": str(one.job.character_id)}, [one]),
        ({"motion": str(old.job.motion_id), "behaviour": "animate"}, [old]),
        ({"behaviour": "replace", "resolution": "480p"}, [two]),
        ({"tag": "NIGHT"}, [one]),
        ({"tag": "nothing"}, []),
        ({"collection": str(collection.pk)}, [two]),
        ({"favourite": "1"}, [old]),
        ({"from": "2024-02-29", "to": "2024-02-29"}, [old]),
        ({"to": "2024-02-28"}, []),
        ({"from": "2024-03-01"}, [two, one]),
        ({"approval": "approved"}, [two]),
        ({"approval": "open", "from": "2024-03-01"}, [one]),
        ({"approval": "needs_work"}, []),
        ({"versions": "all"}, [old, two, one]),
    ]
    for filters, expected in asked:
        assert shown(as_alice, q="mira wal", **filters) == [video.pk for video in expected], filters


def test_a_word_is_found_below_those_of_a_collection_that_are_compared_one_by_one(
    team: Team, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "FEW", 1)
    videos = [finished(team, alice, title=title) for title in ("Otto", "Mira", "Mira", "Mira")]
    finished(team, alice, title="Otto")
    collection = verbs.collection_named(team, alice, "Best")
    assert collection
    verbs.collect(collection, videos, alice)
    look = search.Search("", [], [collection.collected.all()])
    assert look.found(["otto"], search.END, 1) == [videos[0].pk]
    assert look.found(["mira"], search.END, 2) == [videos[3].pk, videos[2].pk]
    assert look.found(["mira"], videos[3].pk, 9) == [videos[2].pk, videos[1].pk]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no blocks")
@pytest.mark.parametrize("some", [1, 30])
def test_blocks_of_ids_are_found_in_without_a_gap(monkeypatch: pytest.MonkeyPatch, some: int) -> None:
    """Frequent in the newest, rare before, and the other way round: what some tell is right, and wrong."""
    monkeypatch.setattr(search, "SOME", some)
    words = f"ARRAY[CASE WHEN id % 7000 = 0 OR id > 150000 THEN 'mira' ELSE 'otto' END, '{FACT}k' || id / {BLOCK}]"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {TABLE} (video_id, words)"
            f" SELECT id, array_to_tsvector({words}) FROM generate_series(1000, 200000, 1000) id"
        )
    for word in ("mira", "otto"):
        every = [at for at in range(200_000, 0, -1000) if (at % 7000 == 0 or at > 150_000) == (word == "mira")]
        for below in (search.END, 150_001, BLOCK * 2, BLOCK * 2 + 1, 7000, 1):
            for size in (1, 3, 40, 999):
                expected = [at for at in every if at < below][:size]
                assert search.Search("", []).found([word], below, size) == expected, (word, below, size)


def test_pages_go_on_below_what_is_found_at_once(
    team: Team, alice: User, as_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wanstudio.videos.wall_rows.MAX_FOUND", 3)
    monkeypatch.setattr("wanstudio.videos.views.wall_page.PAGE", 2)
    made = [finished(team, alice, title="Mira").pk for _ in range(7)]
    found: list[int] = []
    query = "q=mira&before="
    while query:
        answer = as_alice.get(f"{WALL}?{query}", headers={"HX-Request": "true"})
        found += [video.pk for video in answer.context["videos"]]
        query = answer.context["next_query"]
    assert found == made[::-1]


@pytest.mark.parametrize("zone_hours", [-12, 0, 14])
def test_days_of_the_index_cover_those_of_every_zone(zone_hours: int) -> None:
    first, last = date(2023, 11, 30), date(2025, 2, 1)
    facts = {*search.days(first, last)}
    assert {"y2024", "n202312", "n202501", "d20250202"} <= facts
    assert len(facts) < 10
    at = datetime(2023, 11, 30, tzinfo=UTC) - timedelta(hours=zone_hours)
    while at < datetime(2025, 2, 2, tzinfo=UTC) - timedelta(hours=zone_hours):
        assert facts & {f"y{at:%Y}", f"n{at:%Y%m}", f"d{at:%Y%m%d}"}
        at += timedelta(hours=5)
    assert {f"y{timezone.now():%Y}"} & {*search.days(None, None)}


def test_index_is_found_by_and_no_table_is_read_whole(video: Video, as_alice: Client) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert shown(as_alice, q="mira", person=str(video.job.person_id)) == [video.pk]
    table = FTS if connection.vendor == "sqlite" else f"{TABLE} WHERE words @@"
    mine = [query["sql"] for query in asked.captured_queries if table in query["sql"]]
    assert mine
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for sql in mine:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
                assert [row[3] for row in cursor.fetchall()] == [f"SCAN {FTS} VIRTUAL TABLE INDEX 192:M1<"]
            of_rows = [query["sql"] for query in asked.captured_queries if "json_each" in query["sql"]]
            for sql in of_rows:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
                steps = [row[3] for row in cursor.fetchall()]
                assert [step for step in steps if step.startswith("SEARCH wanstudio_video USING") and "rowid=?" in step]
                assert not [step for step in steps if step.startswith("SCAN") and "json_each" not in step]
        else:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {mine[0]}")
            assert f"Bitmap Index Scan on {FTS}" in str(cursor.fetchall())


def test_laid_again_the_index_is_as_if_it_had_never_been_away(video: Video, team: Team, alice: User) -> None:
    search_index.install()
    search_index.lift(plan=["something"])
    if connection.vendor == "sqlite":
        added = finished(team, alice, title="Otto")
        moved(video.job, State.DONE, title="Renamed")
        assert of_words(["otto"]) == []
        search_index.install()
        assert of_words(["otto"]) == [added.pk]
        assert of_words(["renamed"]) == [video.pk]
    assert of_words(["mira"]) == ([] if connection.vendor == "sqlite" else [video.pk])


class Later(Migration):
    operations = [CreateModel("Later", [("id", BigAutoField(primary_key=True))])]


class Renames(Migration):
    operations = [RunPython(lambda apps, editor: None)]


@only_sqlite
@pytest.mark.parametrize(("migration", "reads_all"), [(Later, False), (Renames, True)])
def test_upgrade_that_changes_no_words_reads_no_video(
    video: Video, migration: type[Migration], reads_all: bool
) -> None:
    search_index.install()
    search_index.lift(plan=[(migration("0999_later", "wanstudio"), False)])
    with CaptureQueriesContext(connection) as asked:
        search_index.install()
    assert any(query["sql"].startswith("INSERT INTO wanstudio_videowords") for query in asked) == reads_all
    assert of_words(["mira"]) == [video.pk]
    moved(video.job, State.DONE, title="Renamed")
    assert of_words(["renamed"]) == [video.pk]


@only_sqlite
def test_what_another_process_wrote_while_no_trigger_saw_it_is_found(
    video: Video, monkeypatch: pytest.MonkeyPatch
) -> None:
    search_index.install()
    search_index.lift(plan=[(Later("0999_later", "wanstudio"), False)])
    moved(video.job, State.DONE, title="Renamed")
    # As `PRAGMA data_version` says it of a write by another connection.
    monkeypatch.setattr(search_index, "_seen", lambda *given: (0, 0))
    search_index.install()
    assert of_words(["renamed"]) == [video.pk]


@only_sqlite
def test_text_is_taken_apart_alike_by_sql_and_by_python() -> None:
    texts = [
        "",
        "walk",
        "東京タワーで踊り Dance動画  人",
        "คนเดินช้าๆ a",
        "가나 다",
        "𠮷野家 a𠮷b",
        "x・yー々〆",
        "\n東\t",
    ]
    sql = f"SELECT {sql_apart('text')} FROM (SELECT %s AS text)"
    with connection.cursor() as cursor:
        for text in texts:
            cursor.execute(sql, [text])
            assert (text, cursor.fetchone()[0] or "") == (text, apart(text))


@only_sqlite
def test_without_fts5_it_searches_all_the_same(
    video: Video, team: Team, alice: User, as_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.setattr(search_index, "has_fts", lambda: False)
        without.setattr(search, "has_fts", lambda: False)
        search_index.install()
        otto = finished(team, alice, title="Otto walks")
        assert shown(as_alice, q="mira WALKS") == [video.pk]
        assert shown(as_alice, q="walks", character=str(otto.job.character_id)) == [otto.pk]
    search_index.install()
    assert shown(as_alice, q="otto") == [otto.pk]
