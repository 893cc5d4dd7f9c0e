"""The table of roles: each may what the one below it may, and an owner may everything."""

from itertools import pairwise

from wanstudio.teams.roles import MAY, Act, Role, may, roles_with


def test_each_role_may_what_the_one_below_it_may() -> None:
    assert all(MAY[lower] < MAY[higher] for lower, higher in pairwise(Role))
    assert MAY[Role.OWNER] == frozenset(Act)


def test_a_viewer_spends_nothing_and_changes_nothing() -> None:
    assert MAY[Role.VIEWER] == {Act.VIEW, Act.COMMENT}


def test_a_role_that_does_not_exist_may_nothing() -> None:
    assert not any(may(role, act) for role in ("", "guest", "OWNER") for act in Act)


def test_who_may_for_a_query() -> None:
    assert roles_with(Act.MAKE) == ["creator", "admin", "owner"]
    assert roles_with(Act.KEY) == ["owner"]
