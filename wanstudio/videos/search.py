"""Search of videos: the newest that have all words that were typed, each as the beginning of one of theirs.

Case, accents and signs do not count. In scripts without spaces any part of a sentence is found.
"""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
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
END, END_SIZE = 2**63 - 1, 2**31 - 1
FIRST = date(1970, 1, 1)
# As a cursor takes them.
Param = str | int | list[int]
# A table, the id in it, a condition and its parameters.
Asked = tuple[str, str, str, list[Param]]
_PARTS = re.compile(f"[{UNSPACED}]+|[^{UNSPACED}\\s]+")


@dataclass(frozen=True)
class Search:
    """`facts`: what is known of the rows that are asked for, as the index has it; of each list any one.

    `is_exact`: these facts say all of it. Else they narrow the look down, and what is found is looked for in the rows.
    """

    text: str
    facts: list[list[str]]
    is_exact: bool
    # SQL, with parameters, of the ids of the videos that are meant: those of a collection, those with a star.
    within: Sequence[tuple[str, Sequence[Param]]] = field(default_factory=list)

    def newest(self, rows: QuerySet[Video], below: int | None, size: int) -> QuerySet[Video]:
        """The newest `size` of these rows, below the id `below`, that have all words."""
        words = words_of(self.text)
        if not words:
            return rows.none()
        below = END if below is None else below
        if self.is_exact:
            ids = self.found(words, below, size)
        else:
            few = [*rows.filter(pk__lt=below).order_by().values_list("pk", flat=True)[: FEW + 1]]
            ids = self.found(words, below, size, few) if len(few) <= FEW else self._compared(words, rows, below, size)
        return Video.objects.filter(pk__in=listed(ids))

    def _compared(self, words: list[str], rows: QuerySet[Video], below: int, size: int) -> list[int]:
        ids: list[int] = []
        window = size
        while True:
            found = self.found(words, below, window)
            ids += rows.filter(pk__in=listed(found)).order_by("-pk").values_list("pk", flat=True)
            if len(found) < window or len(ids) >= size:
                return ids[:size]
            below, window = found[-1], window * 4

    def found(self, words: list[str], below: int, size: int, few: list[int] | None = None) -> list[int]:
        """Ids from the index, the newest first; of `few` alone, if they are given."""
        if connection.vendor == "postgresql":
            table, pk, where, params = self._postgres(words, below, END_SIZE if self.within else size, few)
        else:
            table, pk, where, params = self._sqlite(words, few)
        for inner, more in self.within:
            # The plus keeps the database from beginning anew for each id.
            where, params = f"{where} AND +{pk} IN ({inner})", [*params, *more]
        sql = f"SELECT {pk} FROM {table} WHERE {where} AND {pk} < %s ORDER BY {pk} DESC LIMIT %s"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(sql, [*params, below, size])
            return [number for (number,) in cursor.fetchall()]

    def _postgres(self, words: list[str], below: int, size: int, few: list[int] | None) -> Asked:
        facts = (" | ".join(f"'{FACT}{one}'" for one in some) for some in self.facts)
        parts = [*(f"'{word}':*" for word in words), *facts]
        asked = " & ".join(f"({part})" for part in parts)
        if few is not None:
            return TABLE, "video_id", "video_id = ANY(%s) AND words @@ %s::tsquery", [few, asked]
        return f"{FTS}(%s::tsquery, %s, %s) AS found(video_id)", "video_id", "true", [asked, below, size]

    def _sqlite(self, words: list[str], few: list[int] | None) -> Asked:
        if has_fts():
            table, pk, where = FTS, "rowid", f"{FTS} MATCH %s"
            facts = (" OR ".join(f'"{FACT}{one}"' for one in some) for some in self.facts)
            parts = [*(f'"{word}"*' for word in words), *facts]
            params: list[Param] = [" AND ".join(f"({part})" for part in parts)]
        else:
            table, pk = TABLE, "video_id"
            likes = [[f"%{word}%"] for word in words] + [[f"% {FACT}{one} %" for one in some] for some in self.facts]
            where = " AND ".join("(" + " OR ".join("words || ' ' LIKE %s" for _ in some) + ")" for some in likes)
            params = [like for some in likes for like in some]
        if few is not None:
            where, params = f"{where} AND +{pk} IN (SELECT value FROM json_each(%s))", [*params, json.dumps(few)]  # noqa: S608
        return table, pk, where, params


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
