"""Lines of the log: which job and attempt each is about, and no secret.

`about(job=3)` around some work puts `job=3` into every line that the thread writes meanwhile, from any library. The
formatters come last: a key that a foreign library wrote into its message does not pass them.
"""

import logging
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from pythonjsonlogger.json import JsonFormatter

from wanstudio.web.middleware import SHORTEST_SECRET, public_path
from wanstudio.work.log_context import now_about


class AddAbout(logging.Filter):
    """Gives every record its `about`, and takes secrets out of the paths that Django writes. One line a request."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == "django.request" and not record.exc_info:
            # The request has its own line, with its status.
            return False
        record.about = now_about()
        request = getattr(record, "request", None)
        if request is not None and isinstance(record.args, tuple) and hasattr(request, "path"):
            shown = public_path(request)
            record.args = tuple(shown if part == request.path else part for part in record.args)
        return True


class TextLines(logging.Formatter):
    """`2026-11-23 04:30:00,123 INFO wanstudio.jobs.steps.submission job=3 attempt=4 accepted …`"""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(about)s%(message)s")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        names: Mapping[str, object] = getattr(record, "about", {})
        shown = logging.makeLogRecord(record.__dict__)
        shown.about = "".join(f"{name}={value} " for name, value in names.items())
        return without(self._secrets, super().format(shown))


class JsonLines(JsonFormatter):
    def __init__(self, secrets: Collection[str] = ()) -> None:
        super().__init__("%(message)s", reserved_attrs=[*logging.makeLogRecord({}).__dict__, "about", "request"])
        self._secrets = secrets

    def add_fields(
        self, log_data: dict[str, object], record: logging.LogRecord, message_dict: dict[str, object]
    ) -> None:
        log_data["time"] = datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds")
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        super().add_fields(log_data, record, message_dict)
        log_data.update(getattr(record, "about", {}))

    def format(self, record: logging.LogRecord) -> str:
        return without(self._secrets, super().format(record))


def without(secrets: Collection[str], text: str) -> str:
    """The text with every secret that is long enough to be one taken out."""
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "[secret]")
    return text
