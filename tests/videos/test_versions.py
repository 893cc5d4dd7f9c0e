"""Versions: videos of the same inputs are one stack, however the inputs were added again."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from pytest_httpserver import HTTPServer

from tests import factories
from tests.api.conftest import ROOT, Script, token_for
from tests.page_form import CLIP, png, post, upload
from wanstudio.accounts.models import User
from wanstudio.jobs.models.job import Job
from wanstudio.money.queries import quote_today
from wanstudio.teams.models import Team
from wanstudio.uploads import verbs as source_verbs
from wanstudio.uploads.models import Source

QUOTED = str(quote_today(6.0, "480p").price)
versions = import_module("wanstudio.migrations.0026_versions")


@pytest.fixture
def web(settings: Settings, httpserver: HTTPServer) -> HTTPServer:
    settings.PRIVATE_HOSTS = [f"{httpserver.host}:{httpserver.port}"]
    httpserver.expect_request("/walk.mp4").respond_with_data(CLIP, content_type="video/mp4")
    return httpserver


def make(client: Client, team: Team, **fields: Any) -> Job:
    fields = {"character_file": upload("mira.png", png()), "motion_file": upload("walk.mp4", CLIP)} | fields
    answer = post(client, team, quoted=QUOTED, **fields)
    assert answer.status_code == 302, answer.content.decode()
    return Job.objects.latest("pk")


def test_same_files_uploaded_twice_are_one_lineage(as_alice: Client, team: Team) -> None:
    first = make(as_alice, team)
    again = make(as_alice, team, motion_file=upload("copy of walk.mov", CLIP), character_file=upload("m.png", png()))
    assert (again.character_id, again.motion_id) == (first.character_id, first.motion_id), "they are stored once"
    assert (again.lineage_id, again.title) == (first.pk, first.title)
    assert make(as_alice, team, character_file=upload("mira.png", png((61, 90)))).lineage_id is None
    assert make(as_alice, team, behaviour="replace").lineage_id is None
    third = make(
        as_alice, team, character_file="", motion_file="", character=again.character_id, motion=first.motion_id
    )
    assert third.lineage_id == first.pk, "the first of them all, not the one before"


def test_lineages_are_per_team(as_alice: Client, as_charlie: Client, team: Team, charlie: User) -> None:
    make(as_alice, team)
    assert make(as_charlie, charlie.teams.get()).lineage_id is None


def test_same_link_again_keeps_its_lineage(as_alice: Client, team: Team, web: HTTPServer, alice: User) -> None:
    link = {"motion_file": "", "motion_url": web.url_for("/walk.mp4")}
    first = make(as_alice, team, **link)
    source_verbs.discard(first.motion, alice)
    again = make(as_alice, team, **link)
    assert again.motion_id != first.motion_id
    assert again.lineage_id == first.pk
    assert make(as_alice, team, **link | {"motion_url": web.url_for("/walk.mp4?v=2")}).lineage_id is None


def test_make_another_retry_and_api_share_a_lineage(as_alice: Client, team: Team, alice: User) -> None:
    first = make(as_alice, team)
    for address in (f"?from={first.pk}", f"?from={first.pk}&same=1"):
        page: Any = as_alice.get(reverse("studio.index") + address)
        chosen = {kind: page.context["slots"][kind].source.pk for kind in ("character", "motion")}
        assert make(as_alice, team, character_file="", motion_file="", **chosen).lineage_id == first.pk
    script = Script(token_for(alice, team))
    files = {"character": upload("x.png", png()), "motion": upload("y.mp4", CLIP)}
    sent = {
        kind: script.client.post(ROOT + "uploads", {"kind": kind, "file": file}).json()["id"]
        for kind, file in files.items()
    }
    made = script.post("jobs", {**sent, "resolution": "480p", "price": QUOTED})
    assert made.status_code == 201, made.content
    assert Job.objects.get(pk=made.json()["id"]).lineage_id == first.pk


def test_older_jobs_are_stacked_by_migration(as_alice: Client, team: Team, alice: User, charlie: User) -> None:
    first, second = make(as_alice, team), make(as_alice, team)
    other = make(as_alice, team, behaviour="replace")
    lost = factories.job(team, alice)
    again = factories.job(team, alice, character=lost.character, motion=lost.motion)
    theirs = factories.job(charlie.teams.get(), charlie)
    for job in (first, second, other):
        # Versions without fingerprints stored files as they were sent.
        Path(job.character.file.path).write_bytes(png())
        Path(job.motion.file.path).write_bytes(CLIP)
    default_storage.delete(str(lost.character.file.name))
    Job.objects.update(lineage=None)
    Source.objects.update(fingerprint="")
    for _ in range(2):
        versions.look_at_sources(apps, None)
        versions.stack_jobs(apps, None)
        found = dict(Job.objects.values_list("pk", "lineage"))
        expected = {first.pk: None, second.pk: first.pk, other.pk: None, lost.pk: None, again.pk: lost.pk}
        assert found == {**expected, theirs.pk: None}
    assert set(first.character.alike()) == {first.character, second.character, other.character}
    assert lost.character not in Source.objects.exclude(fingerprint="")
    assert make(as_alice, team).lineage_id == first.pk
