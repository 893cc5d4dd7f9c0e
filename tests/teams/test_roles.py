"""The table of roles: each may what the one below it may, and an owner may everything."""

from itertools import pairwise

from wanstudio.teams.roles import MAY, Act, Role, may, roles_with


def test_role_includes_the_acts_of_lower_roles() -> None:
    assert all(MAY[lower] < MAY[higher] for lower, higher in pairwise(Role))
    assert MAY[Role.OWNER] == frozenset(Act)


def test_viewer_may_neither_spend_nor_change() -> None:
    assert MAY[Role.VIEWER] == {Act.VIEW, Act.COMMENT}


def test_unknown_role_may_nothing() -> None:
    assert not any(may(role, act) for role in ("", "guest", "OWNER") for act in Act)


def test_roles_with_an_act_are_listed() -> None:
    assert roles_with(Act.MAKE) == ["creator", "admin", "owner"]
    assert roles_with(Act.KEY) == ["owner"]
