"""The team page: its people, its invitations, and what each role may do."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from wanstudio.teams import access, words
from wanstudio.teams.forms import InviteForm, TeamForm
from wanstudio.teams.models import Invitation, Membership, Team
from wanstudio.teams.queries import member_rows
from wanstudio.teams.roles import MAY, Act, Role, roles_to_invite
from wanstudio.teams.verbs import found_team, rename_team
from wanstudio.web.page_links import origin
from wanstudio.web.way_back import back


@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """The members and their roles; for who may invite, the open invitations, too."""
    team = access.current_team(request)
    invites = access.may(request, team, Act.INVITE)
    form = InviteForm(roles=roles_to_invite(access.role(request, team))) if invites else None
    return render(request, "teams/show.html", team_context(request, team, form))


def team_context(request: HttpRequest, team: Team, form: InviteForm | None) -> dict[str, object]:
    """The values of the page; `form`: for who may invite."""
    people = member_rows(request, team)
    return {
        "people": people,
        "sees_money": access.may(request, team, Act.SPENDING),
        "me": next((one.membership for one in people if one.membership.user_id == access.person(request).pk), None),
        "form": form,
        "made": access.number(request.GET.get("invited")),
        "invitations": Invitation.pending().filter(team=team).select_related("invited_by", "mail") if form else [],
        "sends_mail": bool(settings.EMAIL_URL),
        "base": origin(request),
        "roles": [Membership.Role(role.value).label for role in Role],
        "acts": [(act.value, [act in MAY[role] for role in Role]) for act in Act],
        "has_factor": access.has_factor(request),
    }


@login_required
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """The pages show the team of the form from now on."""
    team = access.team_in(request, Act.VIEW)
    access.remember(request, team)
    return back(request, "studio.index")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """One more team, for who runs the studio: every team spends from the same key."""
    if not access.runs_studio(request):
        raise Http404("for who runs the studio")
    form = TeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        team = found_team(form.cleaned_data["name"], access.person(request))
        access.remember(request, team)
        messages.success(request, words.FOUNDED.format(team=team))
        return redirect("team.show")
    return render(request, "teams/new.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_POST
def rename(request: HttpRequest) -> HttpResponse:
    team = access.team_in(request, Act.ROLES)
    form = TeamForm(request.POST)
    if form.is_valid():
        rename_team(team, form.cleaned_data["name"], access.person(request))
    else:
        messages.info(request, words.NAMELESS)
    return redirect("team.show")
