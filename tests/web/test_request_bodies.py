"""Bodies that were not taken in: a sentence instead of a form in which everything is missing."""

import pytest
from django.test import Client
from django.urls import reverse

from wanstudio.web.request_bodies import BUSY, FULL, REFUSED, max_body

FORM = "multipart/form-data; boundary=x"


@pytest.mark.parametrize("route", ["studio.index", "uploads.add", "jobs.index", "account_login"])
@pytest.mark.parametrize("kind", [FORM, "application/x-www-form-urlencoded"])
def test_what_is_longer_than_any_form_gets_a_page(as_alice: Client, route: str, kind: str) -> None:
    """The server has forgotten the body, and left its length."""
    answer = as_alice.post(reverse(route), b"", content_type=kind, CONTENT_LENGTH=str(max_body(kind) + 1))
    assert answer.status_code == 413
    page = answer.content.decode()
    assert "the limit is" in page
    assert "Nothing was saved, sent or charged." in page


@pytest.mark.parametrize("why", [BUSY, FULL])
def test_what_found_no_room_may_be_sent_again(as_alice: Client, why: str) -> None:
    answer = as_alice.post(reverse("uploads.add"), b"", content_type=FORM, **{REFUSED: why})  # type: ignore[arg-type]
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert why.split(",")[0].replace("'", "&#x27;") in answer.content.decode()


def test_the_api_says_it_as_a_problem(client: Client, db: None) -> None:
    answer = client.post("/api/v1/uploads", b"", content_type=FORM, CONTENT_LENGTH="9" * 15)
    assert (answer.status_code, answer["Content-Type"]) == (413, "application/problem+json")
    assert answer.json()["status"] == 413
    assert "Nothing was saved, sent or charged." in answer.json()["detail"]
