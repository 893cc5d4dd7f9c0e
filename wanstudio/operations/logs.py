"""Lines of the log: which job and attempt each is about, no secret, and nothing that could forge a line.

`about(job=3)` around some work puts `job=3` into every line that the thread writes meanwhile, from any library. The
formatters come last and remove keys and line breaks, even from the messages of libraries.
"""

import io
import logging
import re
import sys
import threading
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

from pythonjsonlogger.json import JsonFormatter

from wanstudio.media.targets import without_signatures
from wanstudio.web.middleware import SHORTEST_SECRET, public_path
from wanstudio.work.log_context import now_about

# Characters that end a line, steer a terminal or turn the reading direction, and lone surrogates.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """The text on one line, with such characters written out: `\\n`, `\\x1b`, `\\u2028`."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class Printable(logging.Formatter):
    """Indents each line of a traceback, so that no line of an exception's text begins like a record."""

    def formatException(self, ei: object) -> str:  # noqa: N802
        return self.formatStack(super().formatException(ei))  # type: ignore[arg-type]

    def formatStack(self, stack_info: str) -> str:  # noqa: N802
        return "\n".join(f"  {printable(line)}" for line in stack_info.split("\n"))


def _copy(record: logging.LogRecord) -> logging.LogRecord:
    """A record to write: another handler's formatter has its own idea of the traceback."""
    shown = logging.makeLogRecord(record.__dict__)
    shown.msg, shown.args, shown.exc_text = printable(record.getMessage()), (), None
    return shown


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
        if record.name == "waitress":
            # A path can hold a token.
            record.msg = str(record.msg).partition(" while serving ")[0]
        return True


class TextLines(Printable):
    """`2026-11-23 04:30:00,123 INFO wanstudio.jobs.steps.submission job=3 attempt=4 accepted …`"""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(about)s%(message)s")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        names: Mapping[str, object] = getattr(record, "about", {})
        shown = _copy(record)
        shown.about = printable("".join(f"{name}={value} " for name, value in names.items()))
        return without(self._secrets, super().format(shown))


class JsonLines(Printable, JsonFormatter):
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
        texts = {name: printable(value) for name, value in log_data.items() if isinstance(value, str)}
        log_data.update({name: text for name, text in texts.items() if name not in ("exc_info", "stack_info")})

    def format(self, record: logging.LogRecord) -> str:
        return without(self._secrets, super().format(_copy(record)))


class Console(logging.StreamHandler[TextIO]):
    """To the standard error, even after `write_all_as_records` has replaced it."""

    def __init__(self) -> None:
        super().__init__(getattr(sys.stderr, "real", sys.stderr))


class Records(io.TextIOBase):
    """A stream whose lines become records of the log, at any level: the output of libraries and of our own."""

    def __init__(self, name: str, real: TextIO) -> None:
        self.real = real
        self._name, self._rest = name, ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in filter(str.strip, lines):
            level = "WARNING" if self._name == "stderr" else "INFO"
            about = {"name": self._name, "levelno": getattr(logging, level), "levelname": level, "msg": line.strip()}
            logging.getLogger(self._name).handle(logging.makeLogRecord(about))
        return len(text)

    def flush(self) -> None:
        """An incomplete line is kept until its end comes."""


def write_all_as_records() -> None:
    """For processes whose every line must be JSON: their output, their warnings, and uncaught errors."""
    sys.stdout = sys.__stdout__ = Records("stdout", sys.stdout)  # type: ignore[assignment, misc]
    sys.stderr = sys.__stderr__ = Records("stderr", sys.stderr)  # type: ignore[assignment, misc]
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda args: _log_uncaught(
        args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
    )


def _log_uncaught(kind: type[BaseException], wrong: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, SystemExit | KeyboardInterrupt):
        logging.getLogger("wanstudio").critical("uncaught %s", kind.__name__, exc_info=(kind, wrong, trace))


def without(secrets: Collection[str], text: str) -> str:
    """The text with every secret that is long enough to be one taken out, and without signed parts of links."""
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "[secret]")
    return without_signatures(text)
