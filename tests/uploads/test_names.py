"""Names of characters and motions: after their files, until somebody gives another."""

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.page_form import text_of
from wanstudio.accounts.models import User
from wanstudio.activity.models import Activity
from wanstudio.teams.models import Team
from wanstudio.uploads.models import Source
from wanstudio.uploads.names import clean, readable

FAMILY = "👩\u200d👧"


@pytest.mark.parametrize(
    ("file_name", "character", "motion"),
    [
        ("mira_lake.png", "Mira lake", "mira lake"),
        ("walk-2.mp4", "Walk 2", "walk 2"),
        ("McQueen.webp", "McQueen", "McQueen"),
        ("shot 2024-05-01.mov", "Shot 2024-05-01", "shot 2024-05-01"),
        ("IMG_1234.HEIC", "Picture 1234", "Clip 1234"),
        ("img-e1234.jpg", "Picture 1234", "Clip 1234"),
        ("PXL_20240501_093015123.mp4", "Picture 2024-05-01 09:30", "Clip 2024-05-01 09:30"),
        ("3F2504E0-4F89-11D3-9A0C-0305E82C3301.png", "Picture 3f25", "Clip 3f25"),
        ("the.old.man.v2.webp", "The.old.man.v2", "the.old.man.v2"),
        ("example.com", "Example.com", "example.com"),
        ("رقص.mp4", "رقص", "رقص"),
        (f"{FAMILY}.png", FAMILY, FAMILY),
        ("___.png", "Picture", "Clip"),
        ("", "Picture", "Clip"),
    ],
)
def test_file_gives_a_readable_name(file_name: str, character: str, motion: str) -> None:
    assert readable(file_name, is_motion=False) == character
    assert readable(file_name, is_motion=True) == motion


def test_clean_name_keeps_what_can_be_read() -> None:
    assert clean(f"  Mira\n\x00 e\u0301 {FAMILY} ") == f"Mira é {FAMILY}"
    assert len(clean("x" * 300)) == 200
    assert clean("\u202e\n") == ""


@pytest.mark.django_db
def test_renamed_in_place_and_without_a_script(as_alice: Client, team: Team, alice: User) -> None:
    mira = factories.character(team, alice)
    address = reverse("uploads.rename", args=[mira.pk])
    answer = as_alice.post(address, {"name": " Mira  at night "}, headers={"HX-Request": "true"})
    assert (answer.status_code, Source.objects.get().name) == (200, "Mira at night")
    assert "<title>Mira at night · Wan Studio</title>" in answer.content.decode()
    assert ">Mira at night</h1>" in answer.content.decode()

    answer = as_alice.post(address, {"name": "Mira"})
    assert answer.headers["Location"] == reverse("uploads.show", args=[mira.pk])
    assert "Mira" in text_of(as_alice.get(answer.headers["Location"]))
    said = Activity.objects.filter(act="upload.renamed").order_by("pk").values_list("about", flat=True)
    assert list(said) == ["Mira → Mira at night", "Mira at night → Mira"]
    assert as_alice.get(reverse("uploads.file", args=[mira.pk])).headers["Content-Disposition"].count("mira.png")


@pytest.mark.django_db
def test_empty_name_changes_nothing(as_alice: Client, team: Team, alice: User) -> None:
    mira = factories.character(team, alice, name="Mira")
    answer = as_alice.post(reverse("uploads.rename", args=[mira.pk]), {"name": "\n"}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "A name needs at least one letter" in text_of(answer)
    assert Source.objects.get().name == "Mira"
    assert not Activity.objects.filter(act="upload.renamed").exists()


@pytest.mark.django_db
def test_titles_of_earlier_jobs_stay(as_alice: Client, team: Team, alice: User) -> None:
    job = factories.job(team, alice)
    assert job.title == "Mira · walk"
    as_alice.post(reverse("uploads.rename", args=[job.character_id]), {"name": "Anna"})
    assert factories.job(team, alice, character=Source.objects.get(pk=job.character_id)).title == "Anna · walk"
    job.refresh_from_db()
    assert job.title == "Mira · walk"
