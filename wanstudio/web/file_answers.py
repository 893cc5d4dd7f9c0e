"""Files as answers: stored ones, with ranges, and CSV, streamed row by row with texts that no spreadsheet runs."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial

from django.db import connection
from django.db.models.fields.files import FieldFile
from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse

from wanstudio.media.ranged import ServedFile, ranged_response

TYPES = {
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "mov": "video/quicktime",
}
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def send(
    request: HttpRequest, file: FieldFile, modified: datetime, name: str, *, attachment: bool = False
) -> HttpResponseBase:
    """The stored file. Stored names are random and never written again: a name is its own ETag."""
    stored = str(file.name)
    try:
        size_bytes = file.storage.size(stored)
    except FileNotFoundError:
        raise Http404("the file is gone") from None
    if not connection.in_atomic_block:
        # A viewer may take an hour, and PostgreSQL has connections for a hundred.
        connection.close()
    served = ServedFile(
        partial(file.storage.open, stored, "rb"),  # type: ignore[arg-type]
        size_bytes,
        etag=f'"{stored.rsplit("/", 1)[-1].partition(".")[0]}"',
        modified=modified,
        content_type=TYPES.get(stored.rsplit(".", 1)[-1], "application/octet-stream"),
        filename=name,
        attachment=attachment,
    )
    return ranged_response(request, served)


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
