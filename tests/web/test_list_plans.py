"""Plans of what every list asks: rows are found by an index, and old statistics are forgotten at the start."""

import re
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import factories
from tests.page_rows import finished
from wanstudio.accounts.models import User
from wanstudio.teams.models import Membership, Team
from wanstudio.videos.verbs import collect, collection_named, put_tag_on, star, tag_named
from wanstudio.work.reconnect import forget_statistics

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by the rows that are there"),
]

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
    "/team/",
    "/spending/{request}/",
    "/notifications/",
    "/notifications/?only=unread",
)


@pytest.fixture
def names(team: Team, alice: User) -> dict[str, int]:
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
    }


def steps(client: Client, address: str) -> Iterator[str]:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200, address
    with connection.cursor() as cursor:
        for query in asked.captured_queries:
            if query["sql"].startswith(("SELECT", "WITH")):
                tables = {alias: table for table, alias in re.findall(r'"wanstudio_(\w+)" ([A-Z]\d+)\b', query["sql"])}
                for row in cursor.execute("EXPLAIN QUERY PLAN " + query["sql"].replace("%", "%%")).fetchall():
                    verb, *rest = str(row[3]).split(" ")
                    yield " ".join([verb, *(tables.get(word, word) for word in rest)])


SCAN = re.compile(rf"SCAN (?:wanstudio_)?(?:{LARGE})(?! USING (?:COVERING )?INDEX (?:job|attempt)_(?:uns|al))\b")


def scans(client: Client, names: dict[str, int]) -> list[str]:
    asked = [(address, steps(client, address.format(**names))) for address in PAGES]
    return [f"{address}: {step}" for address, some in asked for step in some if SCAN.match(step)]


def test_no_list_reads_a_table_from_end_to_end(names: dict[str, int], as_alice: Client) -> None:
    assert not scans(as_alice, names)


def test_filter_of_the_wall_walks_its_own_index(names: dict[str, int], as_alice: Client) -> None:
    for index, asked in WALL.items():
        found = list(steps(as_alice, f"/videos/?{asked}".format(**names)))
        # SQLite calls the index of a constraint by a name of its own.
        name = {"one_place_a_collection": "wanstudio_collectedvideo_1", "one_star_a_person": "wanstudio_favourite_1"}
        assert any(re.search(rf"USING (?:COVERING )?INDEX \w*{name.get(index, index)}\b", one) for one in found), index


def test_statistics_of_another_time_are_forgotten_at_the_start(names: dict[str, int], as_alice: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    forget_statistics()
    assert not scans(as_alice, names)
