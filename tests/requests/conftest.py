"""The same fixtures as for caps."""

from tests.money.conftest import as_bob, form

__all__ = ["as_bob", "form"]
