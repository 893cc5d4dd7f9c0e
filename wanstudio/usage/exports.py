"""The ledger as lines of a CSV file, read in pages: while its reader is slow no cursor, transaction or lock waits for
it, and memory holds one page, however many lines there are. Who can no longer see them gets no further page.
"""

from array import array
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import cast

from django.db.models import Case, F, OuterRef, QuerySet, Subquery, When

from wanstudio.money.models import Entries, Entry
from wanstudio.money.queries import NET
from wanstudio.teams.models import Team
from wanstudio.web.lookups import in_pages

COLUMNS = (
    *("at", "job", "attempt", "title", "person", "provider", "kind", "amount"),
    *("reserved", "settled", "unknown", "why"),
)
_FIELDS = (
    *("at", "person__name", "person__email", "job_id", "attempt_id", "job__title", "provider", "kind", "amount"),
    *("reserved", "settled", "unknown", "why"),
)
FIRST_JOBS, JOBS_AT_ONCE = 50, 500


def all_lines(entries: Entries) -> Iterator[Sequence[object]]:
    """Of all these entries, the oldest first."""
    for _, *fields in in_pages(entries, *_FIELDS):
        yield _line(fields)


def lines_of(team: Team, entries: Entries, start: datetime, end: datetime) -> Iterator[Sequence[object]]:
    """Of those whose money was reserved between these moments: jobs in the order in which they were made.

    The jobs' ids, eight bytes each, are all that is known beforehand.
    """
    within = Entry.objects.filter(team=team, at__gte=start, at__lt=end).order_by("job_id").distinct()
    jobs = array("q", within.values_list("job_id", flat=True).iterator(chunk_size=JOBS_AT_ONCE))
    # Few before the first line is sent.
    for number in (0, *range(FIRST_JOBS, len(jobs), JOBS_AT_ONCE)):
        some = jobs[number : number + JOBS_AT_ONCE if number else FIRST_JOBS]
        # By their ids: with the jobs in one query with the team, SQLite would read all that the team has.
        ids = Entry.objects.filter(job__in=some.tolist()).order_by().values_list("pk", flat=True)
        found = opened(entries.filter(pk__in=list(ids)), start, end)
        for fields in found.order_by("pk").values_list(*_FIELDS):
            yield _line(fields)


def _line(fields: Sequence[object]) -> list[object]:
    at, name, email, job, attempt, title, *rest = fields
    return [cast(datetime, at).isoformat(timespec="seconds"), job, attempt, title, name or email, *rest]


def opened(entries: QuerySet[Entry], start: datetime, end: datetime) -> QuerySet[Entry]:
    """Those of the entries whose money was reserved between these moments.

    Each entry names that one (`origin`). For those from before this was noted: an entry that adds money opens it, one
    that moves or frees what is unknown is about the first reservation of its job, any other about the last before it.
    """
    before = Entry.objects.filter(job=OuterRef("job"), pk__lte=OuterRef("pk")).annotate(net=NET).filter(net__gt=0)
    marked = entries.annotate(net=NET).annotate(
        opened=Case(
            When(origin__isnull=False, then=F("origin__at")),
            When(net__gt=0, then=F("at")),
            When(unknown__lt=0, then=Subquery(before.order_by("pk").values("at")[:1])),
            default=Subquery(before.order_by("-pk").values("at")[:1]),
        )
    )
    return marked.filter(opened__gte=start, opened__lt=end)
