"""Search of videos: the newest that have all words that were typed, each as the beginning of one of theirs.

Case, accents and signs do not count. In scripts without spaces any part of a sentence is found.
"""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from wanstudio.videos.models import Video
from wanstudio.videos.search_index import has_fts
from wanstudio.videos.search_sql import FACT, FTS, RUN, TABLE, UNSPACED

# Longer ones help nobody.
MAX_WORDS = 20
# So many rows are looked up one by one rather than found in the index.
FEW = 5_000
END = 2**63 - 1
FIRST = date(1970, 1, 1)
# As a cursor takes them.
Param = str | int | list[int]
Asked = tuple[str, list[Param]]
_PARTS = re.compile(f"[{UNSPACED}]+|[^{UNSPACED}\\s]+")


@dataclass(frozen=True)
class Search:
    """`facts`: what is known of the rows that are asked for, as the index has it; of each list any one.

    `is_exact`: these facts say all of it. Else they narrow the look down, and what is found is looked for in the rows.
    """

    text: str
    facts: list[list[str]]
    is_exact: bool

    def newest(self, rows: QuerySet[Video], below: int | None, size: int) -> QuerySet[Video]:
        """The newest `size` of these rows, below the id `below`, that have all words."""
        words = words_of(self.text)
        if not words:
            return rows.none()
        below = END if below is None else below
        if self.is_exact:
            ids = _found(words, self.facts, below, size)
        else:
            few = [*rows.filter(pk__lt=below).order_by().values_list("pk", flat=True)[: FEW + 1]]
            if len(few) <= FEW:
                ids = _found(words, self.facts, below, size, few)
            else:
                ids = self._compared(words, rows, below, size)
        return Video.objects.filter(pk__in=listed(ids))

    def _compared(self, words: list[str], rows: QuerySet[Video], below: int, size: int) -> list[int]:
        ids: list[int] = []
        window = size
        while True:
            found = _found(words, self.facts, below, window)
            ids += rows.filter(pk__in=listed(found)).order_by("-pk").values_list("pk", flat=True)
            if len(found) < window or len(ids) >= size:
                return ids[:size]
            below, window = found[-1], window * 4


def words_of(text: str) -> list[str]:
    """What is looked for: every word, and of a longer run of letters without spaces each RUN of them."""
    found: list[str] = []
    for part in _PARTS.findall(_folded(text)):
        is_run = re.match(f"[{UNSPACED}]", part) is not None
        found += [part[at : at + RUN] for at in range(max(len(part) - RUN, 0) + 1)] if is_run else [part]
    return list(dict.fromkeys(found))[:MAX_WORDS]


def _folded(text: str) -> str:
    """As the index has it; SQLite folds what it is asked itself."""
    text = text.replace("\x00", " ").replace(FACT, " ")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT wanstudio_folded(%s)", [text])
            return str(cursor.fetchone()[0])
    composed = unicodedata.normalize("NFC", text)
    return "".join(letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in composed)


def days(first: date | None, last: date | None) -> list[str]:
    """Facts of these days and, as dates differ with the zone, of one more on each side: whole years and months too."""
    day = first - timedelta(days=1) if first and first > FIRST else FIRST
    end = min(last or date.max, timezone.now().date() + timedelta(days=366)) + timedelta(days=1)
    found: list[str] = []
    while day <= end:
        year, month = (
            day.replace(year=day.year + 1, month=1, day=1),
            (day.replace(day=1) + timedelta(days=31)).replace(day=1),
        )
        if (day.month, day.day) == (1, 1) and year <= end:
            found, day = [*found, f"y{day:%Y}"], year
        elif day.day == 1 and month <= end:
            found, day = [*found, f"n{day:%Y%m}"], month
        else:
            found, day = [*found, f"d{day:%Y%m%d}"], day + timedelta(days=1)
    return found or ["none"]


def listed(ids: Sequence[int]) -> RawSQL:
    """A list for `pk__in` of any length, as one parameter."""
    if connection.vendor == "postgresql":
        return RawSQL("SELECT unnest(%s::bigint[])", [list(ids)])
    return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(ids)])


def _found(
    words: list[str], facts: list[list[str]], below: int, size: int, among: Sequence[int] | None = None
) -> list[int]:
    """Ids from the index, the newest first; of `among` alone, if that is given."""
    marked = [[FACT + fact for fact in some] for some in facts]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(*_postgres(words, marked, below, size, among))
        else:
            cursor.execute(*_sqlite(words, marked, below, size, among))
        return [pk for (pk,) in cursor.fetchall()]


def _postgres(words: list[str], facts: list[list[str]], below: int, size: int, among: Sequence[int] | None) -> Asked:
    parts = [*(f"'{word}':*" for word in words), *(" | ".join(f"'{fact}'" for fact in some) for some in facts)]
    asked = " & ".join(f"({part})" for part in parts)
    if among is None:
        return f"SELECT {FTS}(%s::tsquery, %s, %s)", [asked, below, size]
    sql = f"SELECT video_id FROM {TABLE} WHERE video_id = ANY(%s) AND words @@ %s::tsquery"  # noqa: S608 (names of ours)
    return sql + " AND video_id < %s ORDER BY video_id DESC LIMIT %s", [list(among), asked, below, size]


def _sqlite(words: list[str], facts: list[list[str]], below: int, size: int, among: Sequence[int] | None) -> Asked:
    if has_fts():
        table, pk, where = FTS, "rowid", f"{FTS} MATCH %s"
        parts = [*(f'"{word}"*' for word in words), *(" OR ".join(f'"{fact}"' for fact in some) for some in facts)]
        params: list[Param] = [" AND ".join(f"({part})" for part in parts)]
    else:
        table, pk = TABLE, "video_id"
        likes = [*([f"%{word}%"] for word in words), *([f"% {fact} %" for fact in some] for some in facts)]
        where = " AND ".join("(" + " OR ".join("words || ' ' LIKE %s" for _ in some) + ")" for some in likes)
        params = [like for some in likes for like in some]
    if among is not None:
        # The plus keeps FTS5 from beginning anew for each id.
        where += f" AND +{pk} IN (SELECT value FROM json_each(%s))"  # noqa: S608 (names of ours)
        params.append(json.dumps(list(among)))
    sql = f"SELECT {pk} FROM {table} WHERE {where} AND {pk} < %s ORDER BY {pk} DESC LIMIT %s"  # noqa: S608 (names of ours)
    return sql, [*params, below, size]
