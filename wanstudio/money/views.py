"""Monthly caps: what stands against each, and setting them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.keys import in_force as keyring
from wanstudio.money.budgets import month_of, spent, spent_by_person
from wanstudio.money.forms import CapsForm
from wanstudio.money.month_card import WARN_FROM, percent
from wanstudio.teams import access
from wanstudio.teams.models import Membership, Team
from wanstudio.teams.queries import register_figure
from wanstudio.teams.roles import Act


@dataclass(frozen=True)
class CapRow:
    """What somebody, or the team (None), has spent and reserved this month, against the cap if there is one."""

    person: User | None
    spent: Decimal
    cap: Decimal | None

    @property
    def percent(self) -> Decimal:
        if self.cap is None:
            return Decimal(0)
        return min(percent(self.spent, self.cap), Decimal(100)) if self.cap else Decimal(100)

    @property
    def warns(self) -> bool:
        return self.cap is not None and self.percent >= WARN_FROM

    @property
    def left(self) -> Decimal:
        return max((self.cap or Decimal(0)) - self.spent, Decimal(0))


def caps_context(request: HttpRequest, team: Team, form: CapsForm | None = None) -> dict[str, Any]:
    """The team's row and the people's that this person may see; `caps_form` for who may set them."""
    provider, month = keyring.provider_in_use(), month_of(team)
    memberships = list(team.memberships.select_related("user").order_by("pk"))
    everybody = access.may(request, team, Act.SPENDING)
    shown = [one for one in memberships if everybody or one.user == access.person(request)]
    rows = cap_rows(team, shown)
    may_grant = access.may(request, team, Act.GRANT)
    return {
        "cap_month": month,
        "team_row": CapRow(None, spent(team, provider, month), team.monthly_cap) if everybody else None,
        "cap_rows": rows,
        "has_caps": team.monthly_cap is not None or any(one.monthly_cap is not None for one in shown),
        "caps_form": (form or CapsForm(team=team, memberships=memberships)) if may_grant else None,
    }


def cap_rows(team: Team, memberships: list[Membership]) -> list[CapRow]:
    """A row for each of these people, in their order."""
    by_person = spent_by_person(team, keyring.provider_in_use(), month_of(team))
    return [CapRow(one.user, by_person.get(one.user_id, Decimal(0)), one.monthly_cap) for one in memberships]


def _months(team: Team, memberships: list[Membership]) -> dict[int, CapRow]:
    rows = cap_rows(team, memberships)
    return {one.user_id: row for one, row in zip(memberships, rows, strict=True)}


register_figure("month", Act.SPENDING, _months)


@login_required
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Set the caps and the time zone of the team in the form. They hold from the next click on."""
    team = access.team_in(request, Act.GRANT)
    memberships: list[Membership] = list(team.memberships.select_related("user").order_by("pk"))
    form = CapsForm(request.POST, team=team, memberships=memberships)
    if not form.is_valid():
        return render(request, "money/caps.html", caps_context(request, team, form), status=422)
    with transaction.atomic():
        for about in form.save():
            record(act="cap.set", team=team, person=access.person(request), about=about, on=team)
    messages.info(request, "Saved. Caps hold from the next click on; what is reserved stays.")
    return redirect("usage.show")
