"""A studio that has been used for five years: `python -m bench.seed FOLDER --videos 1000 [--database URL]`.

The rows are what the product itself would have written; nothing of them is in its code. `FOLDER/seed.json` tells who
can sign in.
"""

import argparse
import json
import os
import time
from pathlib import Path

from bench.words import say
from tests import blank  # noqa: F401  (before anything reads the environment)

EMAIL, MEMBER, PASSWORD = "ben@northlight.example", "mia@northlight.example", "correct-horse-battery"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--videos", type=int, default=1000)
    parser.add_argument("--database", default="")
    asked = parser.parse_args()
    make(asked.folder, asked.videos, asked.database)


def make(folder: Path, videos: int, database: str = "") -> None:
    """In this process, which must not have set up Django yet."""
    import django

    folder.mkdir(parents=True, exist_ok=True)
    # Of what is billed a studio without a key shows nothing.
    os.environ |= {
        "WANSTUDIO_DATA": str(folder),
        "DATABASE_URL": database,
        "LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "wanstudio.settings",
    }
    django.setup()
    from django.core.management import call_command
    from django.db.models.signals import post_migrate

    from bench.seeding import studio

    # What is laid after the migrations (triggers, sums, words) is laid over the rows, as when a studio is upgraded.
    laid, post_migrate.receivers = post_migrate.receivers, []
    call_command("migrate", verbosity=0)
    post_migrate.receivers = laid
    call_command("createcachetable", verbosity=0)
    began = time.monotonic()
    told = studio.fill_up(videos, time.time())
    (folder / "seed.json").write_text(
        json.dumps({"owner": EMAIL, "member": MEMBER, "password": PASSWORD, **told}, indent=2)
    )
    say(f"{videos:,} videos in {time.monotonic() - began:.0f} s: {folder}")


if __name__ == "__main__":
    main()
