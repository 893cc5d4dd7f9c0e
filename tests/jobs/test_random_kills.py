"""Random kills in short, and the judge of the drill itself: one that never finds anything would be worth nothing."""

import json
from collections import deque
from http.client import HTTPConnection

import pytest

from tests.blank import DATABASE
from tests.proof.chaos.apixo import API, VICTIM, Apixo
from tests.proof.chaos.ledger import Ledger, bill
from tests.proof.chaos.oracle import posts_beyond
from tests.proof.chaos.outcomes import BY_CLASS, VARIANTS, Class, Variant
from tests.proof.chaos.plan import SENDING, draw
from tests.proof.chaos.short import drilled


@pytest.mark.timeout(900)
@pytest.mark.skipif(DATABASE != "sqlite", reason="it has a studio of its own; make proof has one on PostgreSQL")
def test_nothing_is_lost_and_nothing_paid_twice() -> None:
    """`make proof` lets more die, `make chaos` 1,300."""
    drilled("sqlite", 12, within_s=15, least=5)


def test_the_full_plan_takes_every_class_to_at_least_eight_points() -> None:
    plan = draw(1000, seed=1)
    for kind in Class:
        assert len({kill.point for kill in plan if kill.variant.kind == kind}) >= 8
    assert {kill.variant for kill in plan} == set(VARIANTS)
    assert {kill.point for kill in plan} > set(SENDING)
    assert draw(1000, seed=1) == plan


def books(*posts: tuple[Variant, bool], again: int = 0) -> Ledger:
    """The POSTs of one job in their order, and whether the sender lived to read the answer."""
    made = Ledger()
    for variant, lived in posts:
        post = made.arrived("case 1 5.0s", variant, 7)
        post.answered, post.died = lived, not lived
        made.again["case 1 5.0s"] += again
    return made


@pytest.mark.parametrize("kind", [Class.ACCEPTED, Class.UNKNOWN, Class.REJECTED])
def test_a_post_after_an_end_is_found(kind: Class) -> None:
    for variant in BY_CLASS[kind]:
        assert len(posts_beyond(books((variant, True), (BY_CLASS[Class.ACCEPTED][0], True)))) == 1
        assert posts_beyond(books((variant, True), (BY_CLASS[Class.ACCEPTED][0], True), again=1)) == []


@pytest.mark.parametrize("kind", [Class.ACCOUNT, Class.THROTTLED, Class.NOT_ACCEPTED])
def test_a_post_after_a_death_is_found_and_a_retry_is_none(kind: Class) -> None:
    for variant in BY_CLASS[kind]:
        assert posts_beyond(books((variant, True), (variant, True))) == []
        assert len(posts_beyond(books((variant, False), (variant, True)))) == 1


def test_a_fifth_try_is_found() -> None:
    refused = (BY_CLASS[Class.NOT_ACCEPTED][0], True)
    assert posts_beyond(books(*[refused] * 4)) == []
    assert len(posts_beyond(books(*[refused] * 5))) == 1


def test_answer_that_was_read_counts_as_answered_however_soon_its_reader_dies() -> None:
    apixo, marker, refused = Apixo(seed=1), "case 1 5.0s", BY_CLASS[Class.NOT_ACCEPTED][0]
    apixo.script[marker] = deque([refused] * 20)
    for pid in range(1, 21):
        line = HTTPConnection("127.0.0.1", apixo.port, timeout=60)
        line.request("POST", f"{API}/generateTask", json.dumps({"input": {"prompt": marker}}), {VICTIM: str(pid)})
        line.getresponse().read()
        apixo.books.dead(pid)
        line.close()
    assert [(post.answered, post.died) for post in apixo.books.posts[marker]] == [(True, False)] * 20


def test_the_provider_bills_by_its_own_table() -> None:
    prices = {"2.0": "0.40", "7.25": "0.58", "14.2": "1.14", "131.5": "9.60"}
    for seconds, price in prices.items():
        assert str(bill(f"case 1 {seconds}s via refused", "720p")) == price
