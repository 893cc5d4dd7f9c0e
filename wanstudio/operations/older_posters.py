"""Posters of earlier versions, which have no placeholder: the newest rows get theirs, some each hour.

Older rows do without, on the ground of their stage. The road not taken is an index of the rows that have none: a
migration would have to write it for all of them.
"""

import io
from contextlib import suppress

from django.db.models import Max

from wanstudio.media.errors import FetchError, MediaError
from wanstudio.media.isolated import poster
from wanstudio.media.pictures.placeholders import placeholder_of
from wanstudio.models import Source, Video

# Rows by id that are looked at; and of these, how many get one at a time: at most 10 s of work.
NEWEST, AT_ONCE = 10_000, 500


def make_placeholders() -> int:
    """How many rows got one. Crash anywhere: the next run continues. Each row is written in its own transaction."""
    made = 0
    for model in (Video, Source):
        newest = model.objects.aggregate(newest=Max("pk"))["newest"] or 0
        rows = model.objects.filter(placeholder=None, pk__gt=newest - NEWEST).exclude(poster="").order_by("-pk")
        for row in rows.only("poster")[:AT_ONCE]:
            try:
                text = _placeholder(row)
            except FetchError:
                # Uploads need the decoders first.
                return made
            made += model.objects.filter(pk=row.pk, poster=row.poster.name).update(placeholder=text)
    return made


def _placeholder(row: Video | Source) -> str:
    """The placeholder of the present poster. Empty, and final, for an unreadable one."""
    with suppress(MediaError, OSError), row.poster.open("rb") as file:
        return placeholder_of(poster(io.BytesIO(file.read()), clip=False))
    return ""
