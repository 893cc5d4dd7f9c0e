"""Caches: errors, refusals and redirects stay in none; a browser keeps files of its session and asks about them."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from tests.page_rows import finished
from wanstudio.accounts.models import User
from wanstudio.teams.models import Team

NOWHERE = "private, no-store"


def test_errors_and_refusals_stay_in_no_cache(
    as_alice: Client, nobody: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = Client(enforce_csrf_checks=True)
    answers = {
        302: nobody.get("/team/"),
        404: as_alice.get("/nowhere/"),
        405: as_alice.get("/team/rename/"),
        301: as_alice.get("/team"),
        403: strict.post("/theme/", {"theme": "light"}),
        401: nobody.get("/api/v1/videos"),
        400: nobody.get("/", headers={"Host": "a_b:c"}),
    }

    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("wanstudio.teams.views.members.team_context", broken)
    as_alice.raise_request_exception = False
    answers[500] = as_alice.get("/team/")
    assert {status: answer.status_code for status, answer in answers.items()} == {status: status for status in answers}
    assert {status: answer.headers["Cache-Control"] for status, answer in answers.items()} == dict.fromkeys(
        answers, NOWHERE
    )


def test_files_of_a_session_stay_with_their_browser_and_are_asked_about(
    team: Team, alice: User, as_alice: Client, nobody: Client
) -> None:
    video = finished(team, alice)
    for address in (f"/videos/{video.pk}/file", f"/videos/{video.pk}/poster"):
        first = as_alice.get(address)
        assert first.headers["Cache-Control"] == "private, no-cache"
        again = as_alice.get(address, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.headers["Cache-Control"]) == (304, "private, no-cache")
        after = nobody.get(address, headers={"If-None-Match": first.headers["ETag"]})
        assert (after.status_code, after.headers["Cache-Control"]) == (302, NOWHERE)


def test_pages_without_secrets_stay_with_their_browser_for_the_way_back(as_alice: Client, nobody: Client) -> None:
    def kept(path: str, client: Client = as_alice, **more: Any) -> tuple[str, bool]:
        answer = client.get(path, **more)
        return answer.headers["Cache-Control"], answer.headers["Vary"] == "*"

    stays, goes = ("private, no-cache", True), (NOWHERE, False)
    assert kept("/videos/", secure=True) == kept("/videos/", headers={"Host": "127.0.0.1:8000"}) == stays
    assert kept("/videos/", headers={"Host": "testserver"}) == goes, "over http on a network nothing clears it away"
    for path in ("/", "/team/", "/account/tokens/", "/settings/webhook/"):
        assert kept(path, secure=True) == goes, path
    assert kept("/videos/", nobody, secure=True) == goes
    assert kept("/videos/", secure=True, headers={"HX-Request": "true"}) == goes


def test_the_end_of_a_session_clears_what_its_browser_keeps(as_alice: Client, nobody: Client) -> None:
    assert "Clear-Site-Data" not in as_alice.get("/videos/").headers
    assert "Clear-Site-Data" not in nobody.get("/accounts/login/").headers
    assert as_alice.post("/accounts/logout/").headers["Clear-Site-Data"] == '"cache"'


def test_a_session_that_was_ended_elsewhere_is_cleared_away_too(as_alice: Client) -> None:
    Session.objects.all().delete()
    assert as_alice.get("/videos/").headers["Clear-Site-Data"] == '"cache"'
