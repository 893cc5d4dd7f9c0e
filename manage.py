#!/usr/bin/env python
"""Django's command line, with settings errors as one sentence instead of a traceback."""

import json
import os
import signal
import sys
from datetime import UTC, datetime

# What runs for long, and what runs before it. Where the log is JSON, all that these write is.
SERVICES = ("prepare", "run", "web", "work", "beat", "sandbox")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wanstudio.settings")
    if is_service := sys.argv[1:2] and sys.argv[1] in SERVICES:
        # Ctrl-C while all this is loaded is no traceback either.
        signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
        # The first process of a container ignores what it has no handler for, and would be killed in the end.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    import django
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from environs import EnvError

    try:
        if is_service:
            django.setup()
            if os.environ.get("LOG_FORMAT") == "json":
                from wanstudio.operations.logs import write_all_as_records

                write_all_as_records()
        execute_from_command_line(sys.argv)
    except (EnvError, ImproperlyConfigured) as wrong:
        sentence = f"Wan Studio cannot start: {wrong}"
        # The settings that were refused have read `.env` by now.
        if is_service and os.environ.get("LOG_FORMAT") == "json":
            now = datetime.now(tz=UTC).isoformat(timespec="milliseconds")
            sentence = json.dumps({"time": now, "level": "CRITICAL", "logger": "wanstudio", "message": sentence})
        sys.exit(sentence)


if __name__ == "__main__":
    main()
