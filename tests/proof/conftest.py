"""Fixtures of the browser tests, for the long ones too."""

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
