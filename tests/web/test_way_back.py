"""Buttons of pages that are out of date: signed out meanwhile, signed in again elsewhere, an address without a page."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests import factories
from tests.factories import PASSWORD
from tests.page_form import text_of, upload
from wanstudio.accounts.models import User
from wanstudio.jobs.models.job import Job
from wanstudio.teams.models import Team

HERE = "http://testserver"


@pytest.fixture
def job(team: Team, alice: User) -> Job:
    return factories.job(team, alice)


@pytest.mark.parametrize("page", ["/jobs/{pk}/", "/?character=1&motion=2", "/videos/?q=mira+walks"])
def test_sign_in_after_a_form_leads_back_to_its_page(page: str, job: Job, alice: User) -> None:
    page = page.format(pk=job.pk)
    browser = Client()
    refused = browser.post(f"/jobs/{job.pk}/rename/", {"title": "Mira"}, headers={"referer": HERE + page})
    door = refused.headers["Location"]
    signed_in = browser.post(door, {"login": alice.email, "password": PASSWORD})
    assert signed_in.headers["Location"] == page
    assert browser.get(page).status_code == 200


@pytest.mark.parametrize(
    "told", ["", "https://elsewhere.example/jobs/", "javascript:alert(1)", HERE + "//evil.example/"]
)
def test_sign_in_never_leads_to_another_site(told: str, job: Job) -> None:
    refused = Client().post(f"/jobs/{job.pk}/cancel/", headers={"referer": told} if told else {})
    following = "/evil.example/" if "evil" in told else "/"
    assert refused.headers["Location"] == f"/accounts/login/?next={following}"


def test_sign_in_leads_to_the_page_that_was_asked_for(job: Job) -> None:
    asked = Client().get(f"/jobs/{job.pk}/", headers={"referer": HERE + "/videos/"})
    assert asked.headers["Location"] == f"/accounts/login/?next=/jobs/{job.pk}/"


def test_refused_form_offers_its_page_again(alice: User, job: Job) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    old = browser.post(f"/jobs/{job.pk}/cancel/", headers={"referer": HERE + f"/jobs/{job.pk}/"})
    assert old.status_code == 403
    assert f'href="/jobs/{job.pk}/"' in old.content.decode()
    # As a fragment it says nothing: htmx loads the page again.
    assert old.headers["HX-Refresh"] == "true"
    job.refresh_from_db()
    assert job.state == "queued"


BEHIND = {"origin": "https://studio.example.com", "host": "studio.example.com"}


@pytest.mark.parametrize(
    "headers",
    [
        BEHIND,
        # A proxy that does not pass the name on; a browser says that the form is of the page's own site.
        BEHIND | {"host": "127.0.0.1:8000", "sec-fetch-site": "same-origin"},
    ],
)
def test_proxy_with_tls_and_no_public_address_is_told_the_setting(
    headers: dict[str, str], alice: User, job: Job, settings: Settings
) -> None:
    settings.ALLOWED_HOSTS = ["studio.example.com", "127.0.0.1"]
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    told = "WANSTUDIO_URL is not set. Set WANSTUDIO_URL=https://studio.example.com in .env"
    page = browser.post(f"/jobs/{job.pk}/cancel/", headers=headers)
    fragment = browser.post(f"/jobs/{job.pk}/cancel/", headers=headers | {"hx-request": "true"})
    assert (page.status_code, fragment.status_code) == (403, 403)
    assert told in text_of(page)
    assert told in fragment.content.decode()
    # It would be refused again and again.
    assert "HX-Refresh" not in fragment.headers
    settings.WANSTUDIO_URL = "https://other.example.com"
    settings.CSRF_TRUSTED_ORIGINS = ["https://other.example.com"]
    assert "Open the studio there" in text_of(browser.post(f"/jobs/{job.pk}/cancel/", headers=headers))
    job.refresh_from_db()
    assert job.state == "queued"


def test_proxy_that_changes_the_name_is_known_by_the_token(alice: User, job: Job) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get("/").content.decode())
    assert token
    sent = {"csrfmiddlewaretoken": token[1]}
    page = browser.post(f"/jobs/{job.pk}/cancel/", sent, headers={"origin": BEHIND["origin"]})
    assert "WANSTUDIO_URL is not set" in text_of(page)


def test_form_of_another_site_is_told_no_setting(alice: User, job: Job) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    for more in ({}, {"sec-fetch-site": "cross-site"}):
        page = browser.post(f"/jobs/{job.pk}/cancel/", headers={"origin": "https://evil.example", **more})
        assert page.status_code == 403
        assert "evil.example" not in page.content.decode()


def test_refused_form_of_a_shared_link_leads_back_to_it(job: Job) -> None:
    old = Client(enforce_csrf_checks=True).post("/s/abc/password/")
    assert 'href="/s/abc/"' in old.content.decode()


def test_visited_form_address_answers_405_as_a_page(as_alice: Client, job: Job) -> None:
    visited = as_alice.get(reverse("jobs.cancel", args=[job.pk]))
    assert visited.status_code == 405
    assert visited.headers["Allow"] == "POST"
    assert "There is no page at this address" in text_of(visited)
    assert as_alice.get("/hooks/apixo/x/").content == b""


def test_page_after_adding_without_scripts_can_be_visited(as_alice: Client, team: Team) -> None:
    wrong = as_alice.post(
        "/uploads/add/", {"team": team.pk, "kind": "motion", "motion_file": upload("a.mp4", b"%PDF-")}
    )
    assert wrong.status_code == 422
    assert "“a.mp4”" in text_of(wrong)
    assert as_alice.get("/uploads/add/").headers["Location"] == "/"
