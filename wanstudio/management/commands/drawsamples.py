"""Draws the sample character, clip and pictures anew into `static/samples/`."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from wanstudio.sandbox.drawing.samples import draw_all


class Command(BaseCommand):
    help = "Draw the sample character, clip and pictures anew."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--into", type=Path, default=Path(settings.BASE_DIR) / "static" / "samples")

    def handle(self, *args: Any, into: Path, **options: Any) -> None:
        into.mkdir(parents=True, exist_ok=True)
        draw_all(into)
        self.stdout.write(f"Drawn into {into}.")
