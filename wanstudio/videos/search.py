"""Search of videos: the newest that have all words that were typed, each as the beginning of one of theirs.

Case, accents and signs do not count. In scripts without spaces any part of a sentence is found.
"""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from wanstudio.videos.models import Video
from wanstudio.videos.search_index import has_fts
from wanstudio.videos.search_sql import BLOCK, FACT, FTS, RUN, TABLE, UNSPACED

# Longer searches are cut off.
MAX_WORDS = 20
# So many videos of a collection, or with a star, are compared one by one before the index is asked.
FEW = 5_000
END = 2**63 - 1
# So many of the newest are compared one by one: they tell how far back a page of what is asked for goes.
SOME = 2_000
FIRST = date(1970, 1, 1)
# Parameters as a cursor takes them.
Param = str | int | list[int]
# A table, the id in it, a condition and its parameters.
Asked = tuple[str, str, str, list[Param]]
_PARTS = re.compile(f"[{UNSPACED}]+|[^{UNSPACED}\\s]+")


@dataclass(frozen=True)
class Search:
    """`facts`: what is known of the videos that are asked for, as the index has it; of each list any one.

    `ties`: rows of a collection, of stars, whose videos are meant. `videos`: what the facts say only in part.
    """

    text: str
    facts: list[list[str]]
    ties: Sequence[QuerySet[Any, Any]] = ()
    videos: QuerySet[Video] | None = None

    def newest(self, below: int | None, size: int) -> QuerySet[Video]:
        """The newest `size` videos, below the id `below`, that have all words."""
        words = words_of(self.text)
        ids = self.found(words, END if below is None else below, size) if words else []
        return Video.objects.filter(pk__in=listed(ids))

    def found(self, words: list[str], below: int, size: int) -> list[int]:
        """Ids from the index, the newest first."""
        if connection.vendor == "sqlite":
            return self._read(self._sqlite(words), below, size)
        facts = (" | ".join(f"'{FACT}{one}'" for one in some) for some in self.facts)
        parts = [*(f"'{word}':*" for word in words), *facts]
        found, rest = self._of_ties(parts, below, size) if self.ties else ([], below)
        return found + self._in_blocks(parts, rest, size - len(found))

    def _read(self, rows: Asked, below: int, size: int) -> list[int]:
        table, pk, where, params = rows
        for tied in self.ties:
            inner, more = tied.values("video").query.sql_with_params()
            # The plus keeps SQLite from starting a search for each id.
            where, params = f"{where} AND +{pk} IN ({inner})", [*params, *more]
        if self.videos is not None:
            inner, more = self.videos.order_by().values("pk").query.sql_with_params()
            where, params = f"{where} AND EXISTS ({inner} AND wanstudio_video.id = {pk})", [*params, *more]
        sql = f"SELECT {pk} FROM {table} WHERE {where} AND {pk} < %s ORDER BY {pk} DESC LIMIT %s"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(sql, [*params, below, size])
            return [number for (number,) in cursor.fetchall()]

    def _of_ties(self, parts: list[str], below: int, size: int) -> tuple[list[int], int]:
        """Of the newest that are tied, and the id below which others can be."""
        most = max(FEW, 2 * size)
        older = (rows.filter(video__lt=below).order_by("-video") for rows in self.ties)
        few = min(([*rows.values_list("video", flat=True)[:most]] for rows in older), key=len)
        # Said like this, it is no question for the index of words.
        where = "video_id = ANY(%s) AND (words @@ %s::tsquery) IS TRUE"
        found = self._read((TABLE, f"{TABLE}.video_id", where, [few, f"({') & ('.join(parts)})"]), below, size)
        return found, few[-1] if len(few) == most else 0

    def _in_blocks(self, parts: list[str], below: int, size: int) -> list[int]:
        """First as many of the newest blocks as some videos make likely: of frequent words most rows are never read."""
        some = f"SELECT video_id, words FROM {TABLE} WHERE video_id < %s ORDER BY video_id DESC LIMIT {SOME}"  # noqa: S608
        hits = f"SELECT count(*) FILTER (WHERE words @@ %s::tsquery), max(video_id) / {BLOCK} FROM ({some}) one"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(hits, [f"({') & ('.join(parts)})", below])
            likely, last = cursor.fetchone()
        first = (last or 0) + 1
        blocks = size * SOME * 3 // (likely * BLOCK * 2) + 2 if likely else first
        is_paged = below < END
        found: list[int] = []
        while first > 0 and len(found) < size:
            below, first = min(below, first * BLOCK), max(first - blocks, 0)
            blocks = first
            within = " | ".join(f"'{FACT}k{block}'" for block in range(first, -(-below // BLOCK)))
            # Conditions of their own: the index skips in each what is not in the others.
            keys: list[Param] = [*([within] if first or is_paged else []), *parts]
            where = " AND ".join(["words @@ %s::tsquery"] * len(keys))
            found += self._read((TABLE, f"({TABLE}.video_id + 0)", where, keys), below, size - len(found))
        return found

    def _sqlite(self, words: list[str]) -> Asked:
        if has_fts():
            facts = (" OR ".join(f'"{FACT}{one}"' for one in some) for some in self.facts)
            parts = [*(f'"{word}"*' for word in words), *facts]
            return FTS, f"{FTS}.rowid", f"{FTS} MATCH %s", [" AND ".join(f"({part})" for part in parts)]
        likes = [[f"%{word}%"] for word in words] + [[f"% {FACT}{one} %" for one in some] for some in self.facts]
        where = " AND ".join("(" + " OR ".join("words || ' ' LIKE %s" for _ in some) + ")" for some in likes)
        return TABLE, f"{TABLE}.video_id", where, [like for some in likes for like in some]


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
        year, month = date(day.year + 1, 1, 1), (day.replace(day=1) + timedelta(days=31)).replace(day=1)
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
