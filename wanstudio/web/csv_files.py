"""CSV files: streamed row by row, with texts that a spreadsheet shows and never runs."""

import csv
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse

STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        return line


def csv_file(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """As many rows as there are, each sent as it is read."""
    response = StreamingHttpResponse(_lines(columns, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    # The writer returns what its file's `write` returned, whatever its stub says.
    yield str(writer.writerow(columns))
    for row in rows:
        yield str(writer.writerow(row))


def safe(text: str) -> str:
    """The text with an apostrophe before it if a spreadsheet would take it for a formula, and without line breaks."""
    flat = " ".join(text.splitlines())
    return f"'{flat}" if flat.lstrip().startswith(STARTS_A_FORMULA) or text.startswith(STARTS_A_FORMULA) else flat
