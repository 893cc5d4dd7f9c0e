"""The page of a character or a motion: what it is, its videos, what it cost and what was approved."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.page_form import text_of
from tests.page_rows import finished
from wanstudio.accounts.models import User
from wanstudio.money.source_use import use_of
from wanstudio.review.models import Verdict
from wanstudio.review.verbs import decide
from wanstudio.teams.models import Membership, Team
from wanstudio.videos.views import wall_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def mira(team: Team, alice: User) -> Any:
    Membership.objects.filter(team=team, user=alice).update(role="owner")
    return factories.character(team, alice)


def page_of(client: Client, source: Any, **query: Any) -> Any:
    return client.get(reverse("uploads.show", args=[source.pk]), query)


def test_page_says_what_it_cost_and_what_was_approved(as_alice: Client, team: Team, alice: User, mira: Any) -> None:
    videos = [finished(team, alice, character=mira, provider="apixo", title=f"Take {one}") for one in range(3)]
    factories.job(team, alice, character=mira, provider="sandbox")
    finished(team, alice, provider="apixo", title="Another's")
    decide(videos[0], alice, Verdict.Decision.APPROVED)
    page = text_of(page_of(as_alice, mira))

    assert "Jobs 4" in page
    assert "Approved 1 video , 14.2 s" in page
    assert "Cost in all $3.42 + $1.14 test money" in page
    assert "Cost per approved second $0.24" in page
    assert page.index("Take 2") < page.index("Take 1") < page.index("Take 0")
    assert "Another's" not in page
    assert "1 video , 14.2 s" in text_of(page_of(as_alice, videos[0].job.motion))


def test_money_is_shown_to_those_who_see_the_spending(as_alice: Client, team: Team, alice: User, mira: Any) -> None:
    finished(team, alice, character=mira, provider="apixo")
    Membership.objects.filter(team=team, user=alice).update(role="creator")
    page = text_of(page_of(as_alice, mira))
    assert "Jobs 1" in page
    assert "Cost" not in page


def test_unused_one_teaches_the_next_step(as_alice: Client, mira: Any) -> None:
    answer = page_of(as_alice, mira)
    assert "Use it in the studio to make the first one." in text_of(answer)
    assert f'href="/?character={mira.pk}"' in answer.content.decode()


def test_videos_come_in_pages_whatever_their_number(
    as_alice: Client,
    team: Team,
    alice: User,
    mira: Any,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: Any,
) -> None:
    monkeypatch.setattr(wall_page, "PAGE", 2)
    videos = [finished(team, alice, character=mira, title=f"Take {one}") for one in range(5)]
    with django_assert_max_num_queries(15):
        first = page_of(as_alice, mira)
    assert "Take 4" in text_of(first)
    assert "Take 2" not in text_of(first)
    more = f"character={mira.pk}&amp;versions=all&amp;before={videos[3].pk}"
    assert f'href="?{more}"' in first.content.decode()
    assert f'hx-get="/videos/?{more}"' in first.content.decode()
    older = text_of(page_of(as_alice, mira, before=videos[3].pk))
    assert "Take 2" in older
    assert "Take 3" not in older
    assert "Take 0" in text_of(page_of(as_alice, mira, through=videos[0].pk))


def test_deleted_one_and_that_of_strangers_are_not_found(as_alice: Client, as_charlie: Client, mira: Any) -> None:
    assert page_of(as_charlie, mira).status_code == 404
    as_alice.post(reverse("uploads.delete", args=[mira.pk]))
    assert page_of(as_alice, mira).status_code == 404


def test_sums_are_those_of_the_ledger(as_alice: Client, team: Team, alice: User, mira: Any) -> None:
    finished(team, alice, character=mira, provider="apixo")
    request = page_of(as_alice, mira).wsgi_request
    use = use_of(request, team, "character", mira.pk)
    assert (use.jobs, use.cost, use.test, use.approvals) == (1, Decimal("1.14"), Decimal("0.00"), 0)
    assert use_of(request, team, "motion", mira.pk).jobs == 0


def test_copies_of_a_file_are_listed_once_and_lead_to_each_other(as_alice: Client, team: Team, alice: User) -> None:
    first, second, other = (
        factories.character(team, alice, name=name, fingerprint=fingerprint)
        for name, fingerprint in (("First", "a" * 64), ("Second", "a" * 64), ("Other", ""))
    )
    listed = as_alice.get(reverse("uploads.index")).content.decode()
    assert [reverse("uploads.show", args=[one.pk]) in listed for one in (first, second, other)] == [True, False, True]
    assert "Second" not in text_of(as_alice.get("/"))
    assert reverse("uploads.show", args=[second.pk]) in page_of(as_alice, first).content.decode()
    assert reverse("uploads.show", args=[first.pk]) in page_of(as_alice, second).content.decode()
    assert "added again" not in text_of(page_of(as_alice, other))
    as_alice.post(reverse("uploads.delete", args=[first.pk]))
    assert "Second" in text_of(as_alice.get(reverse("uploads.index")))
