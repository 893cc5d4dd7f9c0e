"""Quotes, uploads, videos, and the description of it all."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from pytest_httpserver import HTTPServer

from tests import factories
from tests.api.conftest import ROOT, Script
from tests.api.test_tokens import refused
from tests.page_form import CLIP, png, upload
from tests.page_rows import finished
from wanstudio.accounts.models import User
from wanstudio.teams.models import Team
from wanstudio.uploads.models import Source


@pytest.mark.parametrize(
    ("asked", "price", "billed"),
    [
        ({"seconds": 14.2, "resolution": "720p"}, "1.14", 14.2),
        ({"seconds": 3}, "0.20", 5),
        ({"seconds": 500, "resolution": "720p"}, "9.60", 120),
    ],
)
def test_quote_of_seconds(asked: dict[str, Any], price: str, billed: float, script: Script) -> None:
    told = script.post("quote", asked).json()
    assert (told["price"], told["billed_seconds"], told["currency"], told["warnings"]) == (price, billed, "USD", [])
    assert f"= ${price}" in told["reason"]


def test_quote_warns_of_what_the_preflight_finds(script: Script, team: Team, alice: User) -> None:
    wide = factories.character(team, alice, width=1600, height=900)
    clip = factories.motion(team, alice, codec="hevc")
    asked = {"motion": clip.pk, "character": wide.pk, "behaviour": "replace"}
    warnings = script.post("quote", asked).json()["warnings"]
    assert any("Replace keeps the clip's shape" in warning for warning in warnings)
    assert any("coded as HEVC" in warning for warning in warnings)
    refused(script.post("quote", asked | {"character": clip.pk}), 422, "invalid")


def test_quote_of_an_upload(script: Script, inputs: dict[str, Any]) -> None:
    assert script.post("quote", {"motion": inputs["motion"], "resolution": "720p"}).json()["price"] == "1.14"
    for asked in ({}, {"motion": inputs["motion"], "seconds": 3}, {"motion": inputs["character"]}, {"seconds": -1}):
        refused(script.post("quote", asked), 422, "invalid")


def test_quote_warns_of_what_would_refuse_the_job(script: Script, inputs: dict[str, Any], settings: Settings) -> None:
    settings.PROVIDER = "apixo"
    told = script.post("quote", {"motion": inputs["motion"]}).json()
    assert "no public address" in told["warnings"][0]
    made = script.post("jobs", inputs)
    refused(made, 422, "invalid")
    assert "no public address" in made.json()["detail"]


def test_file_becomes_an_upload(script: Script, team: Team, alice: User) -> None:
    made = script.client.post(ROOT + "uploads", {"kind": "motion", "file": upload("walk.mp4", CLIP)})
    assert made.status_code == 201, made.content
    source = Source.objects.get()
    assert (source.team, source.person, source.name) == (team, alice, "walk")
    told = made.json()
    assert (told["id"], told["kind"], told["duration"], told["url"]) == (source.pk, "motion", source.duration, None)
    picture = script.client.post(ROOT + "uploads", {"kind": "character", "file": upload("mira.png", png())})
    assert (picture.status_code, picture.json()["width"]) == (201, 60)
    assert [row["id"] for row in script.get("uploads").json()["items"]] == [picture.json()["id"], told["id"]]
    assert [row["id"] for row in script.get("uploads", {"kind": "motion"}).json()["items"]] == [told["id"]]


def test_upload_is_renamed(script: Script, team: Team, alice: User) -> None:
    source = factories.character(team, alice)
    path = f"uploads/{source.pk}"
    assert script.get(path).json()["name"] == "Mira"
    renamed = script.client.patch(ROOT + path, {"name": "  Mira at night "}, content_type="application/json")
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Mira at night")
    assert Source.objects.get().name == "Mira at night"
    for wrong in ({"name": ""}, {"name": "\n"}, {"name": "x" * 201}, {"title": "Mira"}):
        refused(script.client.patch(ROOT + path, wrong, content_type="application/json"), 422, "invalid")
    elsewhere = factories.character(factories.team("Southpaw"), alice)
    answer = script.client.patch(f"{ROOT}uploads/{elsewhere.pk}", {"name": "x"}, content_type="application/json")
    refused(answer, 404, "not-found")


def test_link_becomes_an_upload(script: Script, settings: Settings, httpserver: HTTPServer) -> None:
    settings.PRIVATE_HOSTS = [f"{httpserver.host}:{httpserver.port}"]
    httpserver.expect_request("/mira.png").respond_with_data(png(), content_type="image/png")
    url = httpserver.url_for("/mira.png")
    made = script.post("uploads", {"kind": "character", "url": url})
    assert (made.status_code, made.json()["url"]) == (201, url)


@pytest.mark.parametrize(
    "body", [{}, {"kind": "motion"}, {"kind": "song", "url": "https://example.com/a"}, {"kind": "motion", "url": "x"}]
)
def test_unusable_upload_is_refused(body: dict[str, Any], script: Script) -> None:
    refused(script.post("uploads", body), 422, "invalid")
    refused(script.client.post(ROOT + "uploads", body), 422, "invalid")
    bad = script.client.post(ROOT + "uploads", {"kind": "motion", "file": upload("report.mp4", b"%PDF-1.7 no clip")})
    refused(bad, 422, "invalid")
    assert "PDF" in bad.json()["detail"]
    assert not Source.objects.exists()


def test_upload_needs_a_token(db: None) -> None:
    response = Client().post(ROOT + "uploads", {"kind": "motion", "file": upload("walk.mp4", CLIP)})
    refused(response, 401, "unauthorized")


def test_videos_and_their_files_are_served(script: Script, stranger: Script, team: Team, alice: User) -> None:
    video = finished(team, alice)
    listed = script.get("videos").json()["items"]
    assert [row["id"] for row in listed] == [video.pk]
    one = script.get(f"videos/{video.pk}").json()
    assert one == listed[0]
    content = video.file.read()
    whole = script.get(one["file"])
    assert b"".join(whole.streaming_content) == content
    part = script.get(one["file"], Range="bytes=2-4")
    assert (part.status_code, b"".join(part.streaming_content)) == (206, content[2:5])
    assert script.client.head(one["file"]).status_code == 200
    for path in (f"videos/{video.pk}", f"videos/{video.pk}/file"):
        refused(stranger.get(path), 404, "not-found")
        refused(Script().get(path), 401, "unauthorized")
    assert stranger.get("videos").json()["items"] == []


def test_description_is_complete(db: None) -> None:
    told = Client().get(reverse("api:openapi-json")).json()
    assert told["openapi"].startswith("3.")
    paths = {path.removeprefix("/api/v1") for path in told["paths"]}
    assert paths >= {"/quote", "/uploads", "/jobs", "/jobs/{pk}", "/jobs/{pk}/cancel", "/videos", "/videos/{pk}"}
    operations = [each for path in told["paths"].values() for each in path.values()]
    names = [each["operationId"] for each in operations]
    assert len(names) == len(set(names))
    assert all(each["security"] and each["summary"] and "401" in map(str, each["responses"]) for each in operations)
    known = told["components"]["schemas"]
    text = json.dumps(told)
    for name in {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}:
        assert name in known
    assert "application/problem+json" in told["paths"]["/api/v1/jobs"]["post"]["responses"]["409"]["content"]
    headers = [each["name"] for each in told["paths"]["/api/v1/jobs"]["post"]["parameters"]]
    assert headers == ["Idempotency-Key"]


def test_guide_explains_every_problem(as_alice: Client, nobody: Client) -> None:
    page = as_alice.get(reverse("tokens.guide")).content.decode()
    assert "http://127.0.0.1:8000/api/v1/jobs" in page
    for kind in ("price-changed", "unauthorized", "too-many", "key-reused"):
        assert f'id="{kind}"' in page
    assert nobody.get(reverse("tokens.guide")).status_code == 302
