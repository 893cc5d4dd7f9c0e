"""The same form as for caps."""

from tests.money.conftest import form

__all__ = ["form"]
