"""Use of a character or a motion: how often, what was approved of it, and what it cost, from the kept sums."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, Sum
from django.http import HttpRequest

from wanstudio.money.models import BILLED, CENT, OF_CHARACTER, OF_MOTION, KeptSum, dollars
from wanstudio.money.queries import NET
from wanstudio.teams.access import may
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act


@dataclass(frozen=True)
class Use:
    """Everything ever made from it. `approved_s` are seconds of approved videos.

    `cost`: dollars charged, reserved or perhaps charged, None for who does not see the spending. `test`: dollars of
    the sandbox's test money.
    """

    jobs: int = 0
    approvals: int = 0
    approved_s: float = 0
    cost: Decimal | None = None
    test: Decimal | None = None
    per_approved_s: Decimal | None = None


def use_of(request: HttpRequest, team: Team, kind: str, pk: int) -> Use:
    """Of the source of this kind and id. A row for each person, provider and resolution is read, however many jobs."""
    size = OF_CHARACTER if kind == "character" else OF_MOTION
    sums = {"all_jobs": Sum("jobs"), "good": Sum("approvals"), "good_us": Sum("approved")}
    sums |= {"net": Sum(NET, filter=BILLED), "test": Sum(NET, filter=~Q(BILLED))}
    sums["billed_us"] = Sum("approved", filter=BILLED)
    found = KeptSum.objects.filter(team=team, size=size, begins=pk).aggregate(**sums)
    counts = (found["all_jobs"] or 0, found["good"] or 0, (found["good_us"] or 0) / 1_000_000)
    if not may(request, team, Act.SPENDING):
        return Use(*counts)
    cost, seconds = dollars(found["net"]), Decimal(found["billed_us"] or 0) / 1_000_000
    each = (cost / seconds).quantize(CENT) if seconds else None
    return Use(*counts, cost, dollars(found["test"]), each)
