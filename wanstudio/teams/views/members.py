"""The people of a team: other roles, removing, leaving, handing the team over."""

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from wanstudio.teams import access
from wanstudio.teams.models import Membership
from wanstudio.teams.queries import visible_memberships
from wanstudio.teams.roles import Act, Role
from wanstudio.teams.verbs import LastOwner, change_role, hand_over
from wanstudio.teams.verbs import remove as remove_from

LAST_OWNER = "A team needs an owner: make somebody else one first. Nothing was changed."
GIVEN = (Role.ADMIN, Role.CREATOR, Role.VIEWER)


def roles_to_give(request: HttpRequest, membership: Membership) -> list[tuple[str, str]]:
    """What this person may make of that one, none if they may not; an owner is made on a page of its own."""
    if not access.may(request, membership.team, Act.ROLES):
        return []
    given = [(role.value, str(Membership.Role(role.value).label)) for role in GIVEN]
    return [(Role.OWNER.value, "Owner"), *given] if membership.role == Role.OWNER else given


def may_remove(request: HttpRequest, membership: Membership) -> bool:
    """An owner may remove anybody; who may invite, those they could have invited."""
    if access.may(request, membership.team, Act.ROLES):
        return True
    return access.may(request, membership.team, Act.INVITE) and membership.role in (Role.CREATOR, Role.VIEWER)


@login_required
@require_POST
def role(request: HttpRequest, pk: int) -> HttpResponse:
    """Another role; `role` is one of admin, creator, viewer."""
    membership: Membership = access.mine_to(request, Act.ROLES, visible_memberships(request), pk)
    wanted = request.POST.get("role", "")
    if wanted == membership.role:
        return redirect("team.show")
    if wanted not in GIVEN:
        raise Http404("no such role to give")
    try:
        change_role(membership, wanted, by=access.person(request))
    except LastOwner:
        messages.warning(request, LAST_OWNER)
    else:
        messages.success(request, f"{membership.user} is {Membership.Role(wanted).label.lower()} now.")
    return redirect("team.show")


@login_required
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Out of the team; their work stays. One's own membership: leaving."""
    membership: Membership = access.mine_to(request, Act.VIEW, visible_memberships(request), pk)
    leaving = membership.user_id == access.person(request).pk
    if not leaving and not may_remove(request, membership):
        raise Http404("not for this role")
    try:
        remove_from(membership, by=access.person(request))
    except LastOwner:
        messages.warning(request, LAST_OWNER)
        return redirect("team.show")
    if leaving:
        messages.success(request, f"You have left “{membership.team}”. What you made stays there.")
        return redirect("studio.index")
    messages.success(request, f"{membership.user} is out of the team. What they made stays.")
    return redirect("team.show")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def owner(request: HttpRequest, pk: int) -> HttpResponse:
    """Make somebody an owner too, or hand the team over to them. Asks for the password again."""
    membership: Membership = access.mine_to(request, Act.ROLES, visible_memberships(request), pk)
    if membership.role == Role.OWNER:
        return redirect("team.show")
    answer: HttpResponse = _owner(request, membership)
    return answer


@reauthentication_required  # type: ignore[untyped-decorator]
def _owner(request: HttpRequest, membership: Membership) -> HttpResponse:
    how = request.POST.get("how")
    if request.method != "POST" or how not in ("too", "instead"):
        return render(request, "teams/owner.html", {"membership": membership})
    if how == "too":
        change_role(membership, Role.OWNER.value, by=access.person(request))
        messages.success(request, f"{membership.user} owns the team, too.")
    else:
        mine = Membership.objects.get(team=membership.team, user=access.person(request))
        try:
            hand_over(mine, membership)
        except LastOwner:
            messages.warning(request, "They have left in the meantime. Nothing was changed.")
        else:
            messages.success(request, f"{membership.user} owns the team now. You are admin.")
    return redirect("team.show")
