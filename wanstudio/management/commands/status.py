"""`manage.py status`: the studio at a glance, for a terminal or (`--json`) for a machine."""

import json
import sys

from django.core.management.base import BaseCommand, CommandError, CommandParser

from wanstudio.operations.health import in_a_sentence
from wanstudio.operations.studio_status import Status, look


class Command(BaseCommand):
    help = (
        "The state of the studio. Exit code 0: all is well. 1: something needs attention; the output says what to do."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", dest="as_json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: object, as_json: bool, **options: object) -> None:
        try:
            with in_a_sentence():
                status = look()
        except CommandError as why:
            status = Status(attention=[str(why)])
        if as_json:
            whole = {"healthy": not status.attention, "attention": status.attention, **status.facts}
            self.stdout.write(json.dumps(whole, indent=1))
        else:
            facts = [f"{title:<12} {text}" for title, text in status.lines]
            warnings = [f"! {sentence}" for sentence in status.attention] or ["All is well."]
            self.stdout.write("\n".join([*facts, "", *warnings]))
        if status.attention:
            self.stdout.flush()
            sys.exit(1)
