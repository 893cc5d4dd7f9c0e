#!/usr/bin/env python
"""Django's command line, with settings errors as one sentence instead of a traceback."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from environs import EnvError


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wanstudio.settings")
    try:
        execute_from_command_line(sys.argv)
    except (EnvError, ImproperlyConfigured) as wrong:
        sys.exit(f"Wan Studio cannot start: {wrong}")


if __name__ == "__main__":
    main()
