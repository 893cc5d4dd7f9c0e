"""Browser windows that the tests use. `make test` opens a wide one; `make proof` repeats on a phone."""

from typing import Any

from tests.blank import WINDOW

Window = dict[str, Any]

WIDE: Window = {"viewport": {"width": 1440, "height": 900}}
PHONE: Window = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SIZE = PHONE if WINDOW == "phone" else WIDE
