"""The team: its people, who is invited, and what each may do."""

from typing import Any

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import Count, F, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from wanstudio.activity.verbs import record
from wanstudio.jobs.states import State
from wanstudio.money.views import cap_rows
from wanstudio.teams import access
from wanstudio.teams.forms import InviteForm, TeamForm
from wanstudio.teams.models import Invitation, Membership, Team
from wanstudio.teams.roles import MAY, Act, Role, roles_to_invite
from wanstudio.teams.verbs import found_team
from wanstudio.teams.views.members import may_remove, roles_to_give
from wanstudio.web.way_back import back


@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Who is in it and what they are; for who may invite, who is invited."""
    team = access.current_team(request)
    invites = access.may(request, team, Act.INVITE)
    form = InviteForm(roles=roles_to_invite(access.role(request, team))) if invites else None
    return render(request, "teams/show.html", team_context(request, team, form))


def team_context(request: HttpRequest, team: Team, form: InviteForm | None) -> dict[str, Any]:
    """What the page shows; `form`: for who may invite."""
    people = list(_people(team))
    sees_money = access.may(request, team, Act.SPENDING)
    months = cap_rows(team, people) if sees_money else [None] * len(people)
    return {
        "people": [
            {
                "membership": one,
                "roles": roles_to_give(request, one),
                "may_remove": may_remove(request, one),
                "month": month,
            }
            for one, month in zip(people, months, strict=True)
        ],
        "sees_money": sees_money,
        "me": next((one for one in people if one.user_id == access.person(request).pk), None),
        "form": form,
        "made": access.number(request.GET.get("invited")),
        "invitations": Invitation.pending().filter(team=team).select_related("invited_by", "mail") if form else [],
        "sends_mail": bool(settings.EMAIL_URL),
        "base": settings.LINK_BASE if settings.WANSTUDIO_URL else request.build_absolute_uri("/").rstrip("/"),
        "roles": [Membership.Role(role.value).label for role in Role],
        "acts": [(act.value, [act in MAY[role] for role in Role]) for act in Act],
        "has_factor": access.has_factor(request),
    }


def _people(team: Team) -> Any:
    made = Q(user__jobs__team=F("team"), user__jobs__state=State.DONE)
    people = team.memberships.select_related("user").annotate(videos=Count("user__jobs", filter=made))
    return people.order_by("pk")


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
        messages.success(request, f"“{team}” is founded. You own it; invite its people.")
        return redirect("team.show")
    return render(request, "teams/new.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_POST
def rename(request: HttpRequest) -> HttpResponse:
    team = access.team_in(request, Act.ROLES)
    form = TeamForm(request.POST)
    if form.is_valid():
        name = form.cleaned_data["name"]
        with transaction.atomic():
            Team.objects.filter(pk=team.pk).update(name=name)
            record(team=team, person=access.person(request), act="team.renamed", about=f"{team} → {name}")
    else:
        messages.info(request, "A team needs a name of at most 100 letters. Nothing was changed.")
    return redirect("team.show")


@login_required
@require_POST
def security(request: HttpRequest) -> HttpResponse:
    """`needs=1` asks everybody for a second factor, anything else stops asking. Not from who has none."""
    team = access.team_in(request, Act.SECURITY)
    answer: HttpResponse = _security(request, team)
    return answer


@reauthentication_required  # type: ignore[untyped-decorator]
def _security(request: HttpRequest, team: Team) -> HttpResponse:
    wanted = request.POST.get("needs") == "1"
    if wanted and not access.has_factor(request):
        messages.warning(request, "Set up a second factor for yourself first. Nothing was changed.")
        return redirect("account.second_factor")
    with transaction.atomic():
        Team.objects.filter(pk=team.pk).update(needs_second_factor=wanted)
        about = "everybody needs one" if wanted else "a password is enough"
        record(team=team, person=access.person(request), act="settings.second_factor", about=about)
    if wanted:
        messages.success(request, "From now on everybody here signs in with a second factor.")
    else:
        messages.success(request, "A password is enough again.")
    return redirect("team.show")
