"""The drill with as many deaths as `make proof` has time for: nothing is lost, and nothing paid twice."""

import pytest

from tests.proof.chaos.short import drilled

# Deaths, and seconds after which a slow machine is content with fewer.
DEATHS = {"sqlite": 150, "celery": 50}
WITHIN_S, AT_LEAST = 150, 20


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("part", DEATHS)
def test_nothing_is_lost_and_nothing_paid_twice(part: str) -> None:
    drilled(part, DEATHS[part], WITHIN_S, AT_LEAST)
