"""CSV as answers: streamed row by row, with texts that no spreadsheet runs, for every separator that it splits at."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from types import SimpleNamespace

from django.http import StreamingHttpResponse

# The start of a formula (OWASP: CSV injection), in forms of any width, after signs that a spreadsheet skips or takes
# for a quote or a separator, so after no letter or digit. A separator within a text begins a cell for a spreadsheet
# that splits by it.
_FORMULA = re.compile(r"(^|[,;|])(?=[^\w=+\-@＝＋－＠﹦﹢﹣﹫]*[=+\-@＝＋－＠﹦﹢﹣﹫])")

LINES_AT_ONCE = 100


def csv_file(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """As many rows as there are, each sent as it is read. Every text is made `safe`; numbers stay numbers."""
    response = StreamingHttpResponse(_lines(columns, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The columns at once, then some lines at a time."""
    writer = csv.writer(SimpleNamespace(write=str), quoting=csv.QUOTE_ALL)
    # The writer returns what its file's `write` returned, whatever its stub says: the line.
    yield str(writer.writerow(columns))
    lines: list[str] = []
    for row in rows:
        lines.append(str(writer.writerow([safe(cell) if isinstance(cell, str) else cell for cell in row])))
        if len(lines) == LINES_AT_ONCE:
            yield "".join(lines)
            lines.clear()
    yield "".join(lines)


def safe(text: str) -> str:
    """The text with an apostrophe before what a spreadsheet would take for a formula, without line breaks and tabs."""
    return _FORMULA.sub(r"\1'", " ".join(text.replace("\t", " ").splitlines()))
