"""Usage: the page of what was spent, and the ledger as CSV files. All of it comes from one query."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone

from wanstudio.keys import in_force
from wanstudio.money.models import Entry
from wanstudio.money.queries import visible_entries
from wanstudio.money.reconciliation import reconcile
from wanstudio.money.views import caps_context
from wanstudio.teams import access
from wanstudio.teams.roles import Act
from wanstudio.usage import queries
from wanstudio.usage.queries import chosen_month
from wanstudio.usage.weeks import weeks_of
from wanstudio.web.csv_answers import csv_file
from wanstudio.web.lookups import page_view

PAGE = 25
COLUMNS = (
    *("at", "job", "attempt", "title", "person", "provider", "kind", "amount"),
    *("reserved", "settled", "unknown", "why"),
)


@page_view
def show(request: HttpRequest) -> HttpResponse:
    """The sums by person, the newest entries, and for the owner whether the balance agrees with them."""
    team = access.current_team(request)
    entries, provider = visible_entries(request, team), in_force.provider_in_use()
    rows = queries.by_person(entries)
    before = request.GET.get("before", "")
    page, following = access.page(entries.select_related("job", "person"), before, PAGE)
    month = chosen_month(team, request.GET.get("month", ""))
    plots = queries.plots(team, entries, month)
    context = {
        "rows": rows,
        "total": queries.total(rows),
        "everybody": access.may(request, team, Act.SPENDING),
        "entries": page,
        "before": before,
        "next": following,
        # The sandbox bills nothing, so its balance proves nothing.
        "reconciliation": reconcile(provider) if provider != in_force.SANDBOX and access.runs_studio(request) else None,
        "month": month,
        "months": queries.months_to_choose(team, entries),
        "plots": plots,
        "weeks": weeks_of(team, entries, month),
        "approved": queries.approved_second(team, entries, month),
        "month_total": sum((line.total for line in plots[0][1]), Decimal(0)),
    }
    return render(request, "usage/usage.html", context | caps_context(request, team))


@page_view
def export(request: HttpRequest) -> StreamingHttpResponse:
    team = access.current_team(request)
    month = chosen_month(team, request.GET.get("month", ""))
    name = f"wan-studio-usage-{f'{month:%Y-%m}' if month else 'all'}.csv"
    return csv_file(name, COLUMNS, rows_of(queries.of_month(team, visible_entries(request, team), month)))


@page_view
def ledger(request: HttpRequest) -> StreamingHttpResponse:
    """The same entries, oldest first, as they are read: any number of them. Times are UTC, money is dollars."""
    entries = visible_entries(request, access.current_team(request))
    return csv_file(f"wan-studio-ledger-{timezone.now():%Y-%m-%d}.csv", COLUMNS, rows_of(entries))


def rows_of(entries: QuerySet[Entry]) -> Iterable[Sequence[object]]:
    for entry in entries.select_related("job", "person").order_by("pk").iterator(chunk_size=500):
        texts = (entry.job.title, str(entry.person), entry.provider, entry.kind)
        sums = (entry.amount, entry.reserved, entry.settled, entry.unknown)
        at = entry.at.isoformat(timespec="seconds")
        yield [at, entry.job_id, entry.attempt_id, *texts, *sums, entry.why]
