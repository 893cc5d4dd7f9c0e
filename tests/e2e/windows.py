"""Browser windows that the tests open: `make test` a wide one, `make proof` what differs on a phone as well."""

from typing import Any

Window = dict[str, Any]

WIDE: Window = {"viewport": {"width": 1440, "height": 900}}
PHONE: Window = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SIDEWAYS: Window = {"viewport": {"width": 844, "height": 390}, "has_touch": True, "is_mobile": True}
