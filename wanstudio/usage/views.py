"""Usage: the page of what was spent, and the ledger as CSV files."""

from decimal import Decimal

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone

from wanstudio.keys import in_force
from wanstudio.money.queries import TEST_MONEY, kept, span, visible_entries, visible_sums
from wanstudio.money.reconciliation import reconcile
from wanstudio.money.views import caps_context
from wanstudio.teams import access
from wanstudio.teams.roles import Act
from wanstudio.usage import queries
from wanstudio.usage.exports import COLUMNS, all_lines, lines_of
from wanstudio.usage.queries import chosen_month
from wanstudio.usage.weeks import weeks_of
from wanstudio.web.csv_answers import csv_file
from wanstudio.web.lookups import page_view

PAGE = 25


@page_view
def show(request: HttpRequest) -> HttpResponse:
    """The sums by person, the newest entries, and for the owner whether the balance agrees with them."""
    team, provider = access.current_team(request), in_force.provider_in_use()
    rows = queries.by_person(visible_sums(request, team, kept(team, None)))
    tests = visible_sums(request, team, kept(team, None), TEST_MONEY) if provider == in_force.SANDBOX else None
    test_rows = queries.by_person(tests) if tests is not None else []
    # Not joined: a database that has counted few people or jobs would begin with them, and sort all that is theirs.
    entries = visible_entries(request, team).prefetch_related("job", "person")
    before = request.GET.get("before", "")
    page, following = access.page(entries, before, PAGE)
    month, first = chosen_month(team, request.GET.get("month", "")), queries.first_reserved(request, team)
    parts = queries.parts(request, team, month)
    plots = queries.plots(parts)
    context = {
        "rows": rows,
        "total": queries.total(rows),
        "test_rows": test_rows,
        "test_total": queries.total(test_rows),
        "everybody": access.may(request, team, Act.SPENDING),
        "entries": page,
        "before": before,
        "next": following,
        # The sandbox bills nothing, so its balance proves nothing.
        "reconciliation": reconcile(provider) if provider != in_force.SANDBOX and access.runs_studio(request) else None,
        "month": month,
        "months": queries.months_to_choose(team, first),
        "plots": plots,
        "weeks": weeks_of(request, team, first, month),
        "approved": queries.approved_second(parts),
        "month_total": sum((line.total for line in plots[0][1]), Decimal(0)),
    }
    return render(request, "usage/usage.html", context | caps_context(request, team))


@page_view
def export(request: HttpRequest) -> StreamingHttpResponse:
    team = access.current_team(request)
    month, entries = chosen_month(team, request.GET.get("month", "")), visible_entries(request, team)
    name = f"wan-studio-usage-{f'{month:%Y-%m}' if month else 'all'}.csv"
    lines = lines_of(team, entries, *span(team, month)) if month else all_lines(entries)
    return csv_file(name, COLUMNS, lines)


@page_view
def ledger(request: HttpRequest) -> StreamingHttpResponse:
    """The same entries, oldest first, as they are read: any number of them. Times are UTC, money is dollars."""
    entries = visible_entries(request, access.current_team(request))
    return csv_file(f"wan-studio-ledger-{timezone.now():%Y-%m-%d}.csv", COLUMNS, all_lines(entries))
