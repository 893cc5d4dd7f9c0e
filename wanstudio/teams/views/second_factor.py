"""The second factor that a team asks for: switched on by its owner, and set up by who lacks one."""

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from wanstudio.accounts.views import factors_context
from wanstudio.teams import access, words
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.teams.verbs import require_second_factor


@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """The page where who lacks one is led: what the team asks for, and the ways to set it up."""
    closed = access.closed_teams(request)
    team = closed.filter(pk=access.number(request.GET.get("team")) or 0).first() or closed.first()
    if team is None:
        return redirect("account.show")
    return render(request, "teams/second_factor.html", {"asking": team, **factors_context(request)})


@login_required
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """`needs=1` asks everybody for a second factor, anything else stops asking. Not from who has none."""
    team = access.team_in(request, Act.SECURITY)
    answer: HttpResponse = _ask(request, team)
    return answer


@reauthentication_required  # type: ignore[untyped-decorator]
def _ask(request: HttpRequest, team: Team) -> HttpResponse:
    needed = request.POST.get("needs") == "1"
    if needed and not access.has_factor(request):
        messages.warning(request, words.FACTOR_FIRST)
        return redirect("account.second_factor")
    require_second_factor(team, access.person(request), needed=needed)
    messages.success(request, words.FACTOR_NEEDED if needed else words.FACTOR_NOT_NEEDED)
    return redirect("team.show")
