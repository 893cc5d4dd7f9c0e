"""Monthly caps: what counts against each, and setting them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from wanstudio.keys import in_force
from wanstudio.money import words
from wanstudio.money.forms import CapsForm
from wanstudio.money.models import NOTHING
from wanstudio.money.queries import CapRow, cap_rows, month_of, spent_by_person
from wanstudio.money.verbs import set_caps
from wanstudio.teams import access
from wanstudio.teams.models import Membership, Team
from wanstudio.teams.queries import figures
from wanstudio.teams.roles import Act
from wanstudio.web.lookups import form_view


def caps_context(request: HttpRequest, team: Team, form: CapsForm | None = None) -> dict[str, object]:
    """The team's row and the people's that this person can see; `caps_form` for who can set them."""
    provider = in_force.provider_in_use()
    memberships = list(team.memberships.select_related("user").order_by("pk"))
    everybody = access.may(request, team, Act.SPENDING)
    shown = [one for one in memberships if everybody or one.user == access.person(request)]
    sums = spent_by_person(team, provider)
    may_grant = access.may(request, team, Act.GRANT)
    return {
        "cap_month": month_of(team),
        "team_row": CapRow(None, sum(sums.values(), NOTHING), team.monthly_cap) if everybody else None,
        "cap_rows": [CapRow(one.user, sums.get(one.user_id, NOTHING), one.monthly_cap) for one in shown],
        "has_caps": team.monthly_cap is not None or any(one.monthly_cap is not None for one in shown),
        "caps_form": (form or CapsForm(team=team, memberships=memberships)) if may_grant else None,
    }


@form_view
def save(request: HttpRequest) -> HttpResponse:
    """Set the caps and the time zone of the team in the form. They hold from the next click on."""
    team = access.team_in(request, Act.GRANT)
    memberships: list[Membership] = list(team.memberships.select_related("user").order_by("pk"))
    form = CapsForm(request.POST, team=team, memberships=memberships)
    if not form.is_valid():
        return render(request, "money/caps.html", caps_context(request, team, form), status=422)
    set_caps(team, form.cleaned_data["time_zone"] or team.time_zone, form.changed_caps, access.person(request))
    messages.info(request, words.CAPS_SAVED)
    return redirect("usage.show")


figures["month"] = Act.SPENDING, cap_rows
