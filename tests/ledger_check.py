"""The check of the ledger against the rows that its entries are about."""

from typing import NamedTuple

from django.db.models import Count, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.money.models import COLUMNS, NOTHING, Balance, Entry, Money, cents


class Disagreement(NamedTuple):
    """A job whose entries do not add up to what its row and its attempts say."""

    job_id: int
    ledger: Balance
    rows: Balance


def disagreements() -> list[Disagreement]:
    """Every job whose ledger and rows differ: none, ever. One statement, so that work under way cannot mislead it."""

    def summed(column: str) -> Coalesce:
        entries = Entry.objects.filter(job=OuterRef("pk")).order_by().values("job")
        return Coalesce(Subquery(entries.annotate(total=Sum(column)).values("total")), NOTHING)

    unsettled = Attempt.objects.filter(job=OuterRef("pk"), money=Money.UNKNOWN).order_by().values("job")
    jobs = Job.objects.annotate(
        **{f"ledger_{name}": summed(name) for name in COLUMNS},
        unsettled=Coalesce(Subquery(unsettled.annotate(total=Count("pk")).values("total")), 0),
    )
    fields = ("pk", "money", "price", *(f"ledger_{name}" for name in COLUMNS), "unsettled")
    wrong = []
    for pk, money, price, reserved, settled, unknown, attempts in jobs.values_list(*fields).iterator():
        ledger = Balance(cents(reserved), cents(settled), cents(unknown))
        rows = Balance(**{name: price * (money == name) for name in COLUMNS})
        rows = rows._replace(unknown=rows.unknown + attempts * price)
        if ledger != rows:
            wrong.append(Disagreement(pk, ledger, rows))
    return wrong
