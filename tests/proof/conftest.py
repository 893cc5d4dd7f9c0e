"""Fixtures of the browser tests, for the long ones too; and the time that these may take on a busy machine."""

from pathlib import Path

import pytest

from tests.e2e.conftest import (
    browser_type_launch_args,
    launch_browser,
    opened,
    page,
    person,
    running_studio,
    size,
    start_studio,
    studio,
    templates,
    watched,
)

ENDS_WITHIN_S = 1200


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(ENDS_WITHIN_S))


__all__ = [
    "browser_type_launch_args",
    "launch_browser",
    "opened",
    "page",
    "person",
    "running_studio",
    "size",
    "start_studio",
    "studio",
    "templates",
    "watched",
]
