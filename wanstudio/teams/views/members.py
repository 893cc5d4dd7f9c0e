"""The team page: its people, their roles, leaving and handing over, and the second factor that the team asks for."""

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from wanstudio.accounts.views import factors_context
from wanstudio.teams import access, verbs, words
from wanstudio.teams.forms import InviteForm, TeamForm
from wanstudio.teams.models import Invitation, Membership, Team
from wanstudio.teams.opened import opened_of
from wanstudio.teams.queries import GIVEN, may_remove, member_rows, visible_memberships
from wanstudio.teams.roles import MAY, Act, Role, roles_to_invite
from wanstudio.web.addresses import link_problem
from wanstudio.web.lookups import form_view, page_and_form_view, page_view
from wanstudio.web.way_back import back


@page_view
def show(request: HttpRequest) -> HttpResponse:
    """The members and their roles; for who can invite, the open invitations, too."""
    team = access.current_team(request)
    invites = access.may(request, team, Act.INVITE)
    form = InviteForm(roles=roles_to_invite(access.role(request, team))) if invites else None
    return render(request, "teams/show.html", team_context(request, team, form))


def team_context(request: HttpRequest, team: Team, form: InviteForm | None) -> dict[str, object]:
    """The values of the page; `form`: for who can invite."""
    people = list(team.memberships.select_related("user").order_by("pk"))
    return {
        "people": member_rows(request, people, team),
        "sees_money": access.may(request, team, Act.SPENDING),
        "me": next((one for one in people if one.user_id == access.person(request).pk), None),
        "form": form,
        "made": access.number(request.GET.get("invited")),
        "invitations": Invitation.pending().filter(team=team).select_related("invited_by", "mail") if form else [],
        "sends_mail": bool(settings.EMAIL_URL),
        "base": settings.ADDRESS,
        "link_problem": link_problem(),
        "roles": [role.label for role in Role],
        "acts": [(act.value, [act in MAY[role] for role in Role]) for act in Act],
        "has_factor": access.has_factor(request),
    }


@form_view
def switch(request: HttpRequest) -> HttpResponse:
    """The pages show the team of the form from now on."""
    access.remember(request, access.team_in(request, Act.VIEW))
    return back(request, "studio.index")


@page_and_form_view
def new(request: HttpRequest) -> HttpResponse:
    """One more team, for who runs the studio: every team spends from the same key."""
    if not access.runs_studio(request):
        raise Http404("for who runs the studio")
    form = TeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        team = verbs.found_team(form.cleaned_data["name"], access.person(request))
        access.remember(request, team)
        messages.success(request, words.FOUNDED.format(team=team))
        return redirect("team.show")
    return render(request, "teams/new.html", {"form": form}, status=422 if form.errors else 200)


@form_view
def rename(request: HttpRequest) -> HttpResponse:
    team = access.team_in(request, Act.ROLES)
    form = TeamForm(request.POST)
    if form.is_valid():
        verbs.rename_team(team, form.cleaned_data["name"], access.person(request))
    else:
        messages.info(request, words.NAMELESS)
    return redirect("team.show")


@form_view
def role(request: HttpRequest, pk: int) -> HttpResponse:
    """Another role; `role` is one of admin, creator, viewer. After a lower one comes what they have open."""
    membership = access.mine_to(request, Act.ROLES, visible_memberships(request), pk)
    chosen = request.POST.get("role", "")
    if chosen == membership.role:
        return redirect("team.show")
    if chosen not in GIVEN:
        raise Http404("no such role to give")
    try:
        verbs.change_role(membership, chosen, by=access.person(request))
    except verbs.LastOwner:
        messages.warning(request, words.LAST_OWNER)
    else:
        messages.success(request, words.ROLE_CHANGED.format(user=membership.user, role=Role(chosen).label.lower()))
        is_less = MAY[Role(chosen)] < MAY[Role(membership.role)]
        if is_less and opened_of(membership):
            return redirect("people.opened", pk)
    return redirect("team.show")


@page_and_form_view
def opened(request: HttpRequest, pk: int) -> HttpResponse:
    """What a member has opened to others and is open still; POST closes what is ticked (`close`)."""
    membership = _own_or_removable(request, pk)
    found = opened_of(membership)
    if request.method == "POST":
        chosen = request.POST.getlist("close")
        count = verbs.close([one for one in found if one.key in chosen], access.person(request))
        messages.success(request, words.CLOSED.format(count=count))
        return redirect("team.show")
    return render(request, "teams/opened.html", {"membership": membership, "opened": found})


@form_view
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Out of the team; their work stays, and of what they opened the links in `keep`. One's own: leaving."""
    membership = _own_or_removable(request, pk)
    try:
        closed = verbs.remove(membership, by=access.person(request), keep=request.POST.getlist("keep"))
    except verbs.LastOwner:
        messages.warning(request, words.LAST_OWNER)
        return redirect("team.show")
    if membership.user_id == access.person(request).pk:
        messages.success(request, words.LEFT.format(team=membership.team))
        return redirect("studio.index")
    sentence = f"{words.REMOVED} {words.CLOSED}" if closed else words.REMOVED
    messages.success(request, sentence.format(user=membership.user, count=closed))
    return redirect("team.show")


def _own_or_removable(request: HttpRequest, pk: int) -> Membership:
    membership = access.mine_to(request, Act.VIEW, visible_memberships(request), pk)
    if membership.user_id != access.person(request).pk and not may_remove(request, membership):
        raise Http404("not for this role")
    return membership


@page_and_form_view
def owner(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a member an owner too, or hand the team over to them. Asks for the password again."""
    membership = access.mine_to(request, Act.ROLES, visible_memberships(request), pk)
    if membership.role == Role.OWNER:
        return redirect("team.show")
    return _owner(request, membership)  # type: ignore[no-any-return]


@reauthentication_required  # type: ignore[untyped-decorator]
def _owner(request: HttpRequest, membership: Membership) -> HttpResponse:
    how = request.POST.get("how")
    if request.method != "POST" or how not in ("too", "instead"):
        return render(request, "teams/owner.html", {"membership": membership})
    if how == "too":
        verbs.change_role(membership, Role.OWNER, by=access.person(request))
        messages.success(request, words.OWNS_TOO.format(user=membership.user))
    else:
        mine = Membership.objects.get(team=membership.team, user=access.person(request))
        try:
            verbs.hand_over(mine, membership)
        except verbs.LastOwner:
            messages.warning(request, words.GONE)
        else:
            messages.success(request, words.OWNS_NOW.format(user=membership.user))
            if opened_of(mine):
                return redirect("people.opened", mine.pk)
    return redirect("team.show")


@page_view
def second_factor(request: HttpRequest) -> HttpResponse:
    """The page where who lacks one is led: what the team asks for, and the ways to set it up."""
    closed = access.closed_teams(request)
    team = closed.filter(pk=access.number(request.GET.get("team")) or 0).first() or closed.first()
    if team is None:
        return redirect("account.show")
    return render(request, "teams/second_factor.html", {"asking": team, **factors_context(request)})


@form_view
def ask(request: HttpRequest) -> HttpResponse:
    """`needs=1` asks everyone for a second factor, anything else stops asking. Not from who has none."""
    team = access.team_in(request, Act.SECURITY)
    return _ask(request, team)  # type: ignore[no-any-return]


@reauthentication_required  # type: ignore[untyped-decorator]
def _ask(request: HttpRequest, team: Team) -> HttpResponse:
    needed = request.POST.get("needs") == "1"
    if needed and not access.has_factor(request):
        messages.warning(request, words.FACTOR_FIRST)
        return redirect("account.second_factor")
    verbs.require_second_factor(team, access.person(request), needed=needed)
    messages.success(request, words.FACTOR_NEEDED if needed else words.FACTOR_NOT_NEEDED)
    return redirect("team.show")
