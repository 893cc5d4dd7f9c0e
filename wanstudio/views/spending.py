"""Sums of the job rows: what is spent, reserved and unclear. Sandbox rows count in none of them."""

from decimal import Decimal
from typing import Any

from django.db.models import Count, DecimalField, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from wanstudio.models import Job, Money, Team


def _billed(team: Team) -> QuerySet[Job]:
    return Job.objects.filter(team=team).exclude(provider="sandbox")


def _sum(money: Money) -> Any:
    zero = Value(Decimal(0), output_field=DecimalField(max_digits=12, decimal_places=2))
    return Coalesce(Sum("price", filter=Q(money=money)), zero)


def _sums() -> dict[str, Any]:
    return {
        "settled": _sum(Money.SETTLED),
        "reserved": _sum(Money.RESERVED),
        "unknown": _sum(Money.UNKNOWN),
        "videos": Count("pk", filter=Q(state="done")),
    }


def by_person(team: Team) -> list[dict[str, Any]]:
    """A row a person who made anything: name, settled, reserved, unknown (dollars), videos."""
    rows = _billed(team).values("person_id", "person__name").annotate(**_sums())
    return [dict(row) for row in rows.order_by("person__name")]


def total(team: Team) -> dict[str, Any]:
    """The same sums for the whole team."""
    return _billed(team).aggregate(**_sums())
