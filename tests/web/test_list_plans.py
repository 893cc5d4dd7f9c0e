"""Plans of what every list asks: an index, whatever statistics say; and those are forgotten at the start."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import factories
from tests.page_rows import finished
from wanstudio.accounts.models import User
from wanstudio.sharing.verbs import make_link
from wanstudio.teams.models import Membership, Team
from wanstudio.uploads.models import Source
from wanstudio.videos.verbs import collect, collection_named, put_tag_on, star, tag_named
from wanstudio.work.reconnect import forget_statistics

pytestmark = pytest.mark.django_db
_on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by the rows that are there")
on_postgres = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's plans are asked below")

# Never read from end to end; and never all that one team has of them, for a list that shows sixty.
LARGE = "job|video|source|attempt|transition|collectedvideo|favourite|verdict|comment|notification|video_tags"
WALL = {
    "wall_of_character": "character={character}",
    "wall_of_motion": "motion={motion}",
    "wall_of_person": "person={person}",
    "wall_of_behaviour": "behaviour=animate",
    "wall_of_resolution": "resolution=720p",
    "wall_of_approval": "approval=approved",
    "wall_by_day": "from=2024-01-01&to=2030-01-01",
    "tag_of_video": "tag=noir",
    "one_place_a_collection": "collection={collection}",
    "one_star_a_person": "favourite=1",
}
PAGES = (
    "/",
    "/jobs/",
    "/jobs/?only=mine",
    "/jobs/?only=running",
    "/jobs/?only=failed",
    "/jobs/?only=unconfirmed",
    "/jobs/?source={character}",
    "/jobs/?only=mine&source={motion}",
    "/jobs/?before=3",
    "/jobs/{job}/",
    "/videos/{video}/",
    "/videos/",
    "/videos/?before=3",
    "/videos/?through=1",
    "/videos/?sums=1",
    "/videos/?versions=all",
    *(f"/videos/?{asked}" for asked in WALL.values()),
    "/videos/?" + "&".join(WALL.values()),
    "/videos/?person={person}&behaviour=animate&approval=open",
    "/videos/?tag=noir&favourite=1&before=3",
    "/videos/bin/",
    "/videos/bin/?kind=uploads",
    "/videos/{video}/share/",
    "/collections/",
    "/uploads/",
    "/uploads/?kind=motion",
    "/uploads/{character}/",
    "/uploads/{motion}/",
    "/uploads/{motion}/?before=3",
    "/uploads/?q=walk&before=3",
    "/uploads/?q=walk&kind=motion",
    "/s/{token}/",
    "/s/{token}/?before=3",
    "/team/",
    "/spending/{request}/",
    "/notifications/",
    "/notifications/?only=unread",
)


# Different values of a column, about; of others six.
ALIKE = {
    "id": 10**9,
    "job_id": 10**9,
    "video_id": 10**9,
    "nonce": 10**9,
    "team_id": 1,
    "provider": 2,
    "lineage_id": 10**5,
}
# None is a studio without statistics.
SIZES = (None, 20, 1_000, 1_000_000)


@pytest.fixture
def names(team: Team, alice: User) -> dict[str, Any]:
    """A small studio with one of each, as its owner sees it."""
    Membership.objects.filter(team=team, user=alice).update(role="owner")
    videos = [finished(team, alice) for _ in range(4)]
    collection, tag = collection_named(team, alice, "Cut"), tag_named(team, "noir")
    assert collection
    assert tag
    collect(collection, videos, alice)
    put_tag_on(tag, videos, alice)
    for video in videos:
        star(alice, video)
    factories.job(team, alice)
    job = videos[0].job
    return {
        "character": job.character_id,
        "motion": job.motion_id,
        "person": alice.pk,
        "collection": collection.pk,
        "job": job.pk,
        "video": videos[0].pk,
        "request": factories.spend_request(team, alice).pk,
        "token": make_link(collection, alice).token,
    }


@pytest.fixture(params=("keys first", "keys last"))
def _indexes(request: pytest.FixtureRequest, names: dict[str, Any]) -> None:
    """In both orders in which migrations leave them: of those that cost the same, SQLite takes the newest."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '%INDEX%ON \"wanstudio%'")
        # Those of foreign keys end in a hash.
        found = sorted(cursor.fetchall(), key=lambda row: bool(re.search("_[0-9a-f]{8}$", row[0])))
        for name, sql in found if request.param == "keys last" else reversed(found):
            cursor.execute(f'DROP INDEX "{name}"')
            cursor.execute(sql)


def on_sqlite(test: Any) -> Any:
    return _on_sqlite(pytest.mark.usefixtures("_indexes")(test))


def asked_by(client: Client, address: str) -> list[str]:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200, address
    return [query["sql"] for query in asked.captured_queries if query["sql"].startswith(("SELECT", "WITH"))]


def steps(queries: Iterable[str]) -> Iterator[str]:
    with connection.cursor() as cursor:
        for sql in queries:
            tables = {alias: table for table, alias in re.findall(r'"wanstudio_(\w+)" ([A-Z]\d+)\b', sql)}
            for row in cursor.execute("EXPLAIN QUERY PLAN " + sql.replace("%", "%%")).fetchall():
                verb, *rest = str(row[3]).split(" ")
                yield " ".join([verb, *(tables.get(word, word) for word in rest)])


SCAN = re.compile(rf"SCAN (?:wanstudio_)?(?:{LARGE})\b")


def scans(asked: dict[str, list[str]]) -> list[str]:
    return [f"{address}: {step}" for address, some in asked.items() for step in steps(some) if SCAN.match(step)]


def seem(rows: int) -> None:
    """Statistics as ANALYZE leaves them in a studio of so many videos."""
    with connection.cursor() as cursor:
        # It makes the table that they are in.
        cursor.execute("ANALYZE")
        cursor.execute("DELETE FROM sqlite_stat1")
        cursor.execute(
            "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name LIKE 'wanstudio%'"
        )
        for name, table, sql in cursor.fetchall():
            condition = (sql or "").partition(" WHERE ")[2]
            here = left = max(rows // 1000, 1) if condition and not condition.endswith('_at" IS NULL') else rows
            found = [str(here)]
            for row in cursor.execute(f"PRAGMA index_info('{name}')").fetchall():
                left = max(left // ALIKE.get(row[2], 6), 1)
                found.append(str(left))
            cursor.execute("INSERT INTO sqlite_stat1 VALUES (%s, %s, %s)", [table, name, " ".join(found)])
        cursor.execute("ANALYZE sqlite_schema")


@on_postgres
def test_every_list_has_indexes_that_serve_it(names: dict[str, Any], as_alice: Client) -> None:
    """With a few rows PostgreSQL reads whole tables; where it is told not to and still does, an index is missing.

    Which of its indexes it takes among a million rows is for the bench to see.
    """
    found = []
    with connection.cursor() as cursor:
        for address in PAGES:
            asked = asked_by(as_alice, address.format(**names))
            cursor.execute("SET LOCAL enable_seqscan = off")
            for sql in asked:
                cursor.execute("EXPLAIN " + sql.replace("%", "%%"))
                plan = "\n".join(row[0] for row in cursor.fetchall())
                found += [f"{address}: {step}" for step in re.findall(rf"Seq Scan on wanstudio_(?:{LARGE})\b", plan)]
            cursor.execute("SET LOCAL enable_seqscan = on")
    assert not found


@on_sqlite
def test_no_list_reads_a_table_from_end_to_end(names: dict[str, Any], as_alice: Client) -> None:
    asked = {address: asked_by(as_alice, address.format(**names)) for address in PAGES}
    for rows in SIZES:
        if rows:
            seem(rows)
        assert not scans(asked), f"with statistics of {rows} videos"


@on_sqlite
def test_click_reads_no_more_jobs_than_it_concerns(names: dict[str, Any], team: Team, alice: User) -> None:
    """A search by the team alone reads a million jobs of a large one, though it is no scan."""
    inputs = {key: Source.objects.get(pk=names[key]) for key in ("character", "motion")}
    for rows in SIZES:
        if rows:
            seem(rows)
        with CaptureQueriesContext(connection) as asked:
            factories.job(team, alice, **inputs)
        selects = [query["sql"] for query in asked.captured_queries if query["sql"].startswith("SELECT")]
        found = [step for step in steps(selects) if re.match(r"(SCAN|SEARCH) (wanstudio_)?job\b", step)]
        assert any("job_same_inputs" in step for step in found), rows
        assert not [step for step in found if re.search(r"SCAN|\(team_id=\?\)$", step)], rows


@on_sqlite
@pytest.mark.parametrize("address", ["/", "/uploads/", "/uploads/?kind=character"])
def test_copies_of_an_upload_are_found_by_their_own_index(
    names: dict[str, int], as_alice: Client, address: str
) -> None:
    """By that of the kind each row would look through all of the team's that are older."""
    for rows in SIZES:
        if rows:
            seem(rows)
        looked = [step for step in steps(asked_by(as_alice, address)) if re.match(r"SEARCH source\b", step)]
        assert looked, rows
        assert all("source_same" in step for step in looked if "id<?" in step), rows


@on_sqlite
@pytest.mark.parametrize(
    ("address", "index"), [("/videos/bin/", "video_bin"), ("/videos/bin/?kind=uploads", "source_bin")]
)
def test_the_bin_is_found_by_its_own_index(names: dict[str, int], as_alice: Client, address: str, index: str) -> None:
    """By another one all that the team has is read, to find the few that are in the bin."""
    for rows in SIZES:
        if rows:
            seem(rows)
        assert any(f"USING INDEX {index} " in step for step in steps(asked_by(as_alice, address))), rows


@on_sqlite
def test_filter_of_the_wall_walks_its_own_index(names: dict[str, Any], as_alice: Client) -> None:
    for index, asked in WALL.items():
        found = list(steps(asked_by(as_alice, f"/videos/?{asked}".format(**names))))
        # SQLite calls the index of a constraint by a name of its own.
        name = {"one_place_a_collection": "wanstudio_collectedvideo_1", "one_star_a_person": "wanstudio_favourite_1"}
        assert any(re.search(rf"USING (?:COVERING )?INDEX \w*{name.get(index, index)}\b", one) for one in found), index


@on_sqlite
def test_statistics_of_another_time_are_forgotten_at_the_start(names: dict[str, Any], as_alice: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    forget_statistics()
    assert not scans({address: asked_by(as_alice, address.format(**names)) for address in PAGES})
