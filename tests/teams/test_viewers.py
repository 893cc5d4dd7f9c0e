"""Viewers: forbidden actions are not offered; posted all the same, they answer 404 and write nothing."""

from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.test import Client

from tests import factories
from tests.page_form import png, text_of, upload
from tests.page_rows import finished, moved
from wanstudio.accounts.models import User
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.money.models import Money
from wanstudio.teams.models import Team


def everything() -> dict[str, list[Any]]:
    """Every row of ours, to see that nothing was written."""
    return {
        model.__name__: list(model._default_manager.values()) for model in apps.get_app_config("wanstudio").get_models()
    }


@pytest.fixture
def queued(team: Team, bob: User) -> Job:
    return factories.job(team, bob)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/jobs/", {"nonce": str(uuid4()), "behaviour": "animate", "resolution": "480p", "seed_mode": "random"}),
        ("/uploads/add/", {"kind": "character"}),
        ("/uploads/sample/", {}),
        ("/uploads/{job.character_id}/delete/", {}),
        ("/jobs/{job.pk}/cancel/", {}),
        ("/jobs/{job.pk}/rename/", {"title": "Mine"}),
        ("/jobs/{job.pk}/decide/", {"decision": "not_charged"}),
        ("/settings/sending/", {"sending": "stop"}),
        ("/settings/balance/", {}),
    ],
)
def test_forged_posts_of_a_viewer_are_refused(
    path: str, fields: dict[str, str], as_vera: Client, queued: Job, team: Team
) -> None:
    before = everything()
    file = {"file": upload("mira.png", png())} if path == "/uploads/add/" else {}
    answer = as_vera.post(path.format(job=queued), {"team": str(team.pk), **fields, **file})
    assert answer.status_code == 404
    assert everything() == before


def test_viewer_sees_no_buttons(as_vera: Client, queued: Job, team: Team, bob: User) -> None:
    video = finished(team, bob)
    unsure = moved(factories.job(team, bob), State.UNCERTAIN, money=Money.UNKNOWN)

    assert "Generate" not in text_of(as_vera.get("/"))
    for path in (
        "/jobs/",
        f"/jobs/{queued.pk}/",
        f"/jobs/{unsure.pk}/",
        "/videos/",
        f"/videos/{video.pk}/",
        "/uploads/",
    ):
        page = as_vera.get(path)
        assert page.status_code == 200
        html = page.content.decode()
        for forbidden in ("/cancel/", "/rename/", "/decide/", "/delete/", "/?from="):
            assert forbidden not in html, (path, forbidden)
    assert "Stop all sending" not in text_of(as_vera.get("/settings/"))
    assert "This machine" not in text_of(as_vera.get("/settings/"))


def test_poll_shows_a_viewer_no_buttons(as_vera: Client, queued: Job) -> None:
    for kind in ("job", "rows"):
        html = as_vera.get(f"/jobs/status/?as={kind}&seen={queued.pk}:99").content.decode()
        assert f"{queued.pk}" in html
        assert "/cancel/" not in html


def test_machine_settings_are_for_the_first_owner_only(as_alice: Client, as_charlie: Client, charlie: User) -> None:
    charlie.memberships.update(role="owner")
    assert "This machine" in text_of(as_alice.get("/settings/"))
    assert "This machine" not in text_of(as_charlie.get("/settings/"))
    assert as_charlie.post("/settings/sending/", {"sending": "stop"}).status_code == 404
