"""The people of a team: other roles, removing, leaving, handing the team over."""

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from wanstudio.teams import access, words
from wanstudio.teams.models import Membership
from wanstudio.teams.queries import GIVEN, may_remove, visible_memberships
from wanstudio.teams.roles import Act, Role
from wanstudio.teams.verbs import LastOwner, change_role, hand_over
from wanstudio.teams.verbs import remove as remove_from


@login_required
@require_POST
def role(request: HttpRequest, pk: int) -> HttpResponse:
    """Another role; `role` is one of admin, creator, viewer."""
    membership = access.mine_to(request, Act.ROLES, visible_memberships(request), pk)
    chosen = request.POST.get("role", "")
    if chosen == membership.role:
        return redirect("team.show")
    if chosen not in GIVEN:
        raise Http404("no such role to give")
    try:
        change_role(membership, chosen, by=access.person(request))
    except LastOwner:
        messages.warning(request, words.LAST_OWNER)
    else:
        messages.success(
            request, words.ROLE_CHANGED.format(user=membership.user, role=Membership.Role(chosen).label.lower())
        )
    return redirect("team.show")


@login_required
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Out of the team; their work stays. One's own membership: leaving."""
    membership = access.mine_to(request, Act.VIEW, visible_memberships(request), pk)
    leaving = membership.user_id == access.person(request).pk
    if not leaving and not may_remove(request, membership):
        raise Http404("not for this role")
    try:
        remove_from(membership, by=access.person(request))
    except LastOwner:
        messages.warning(request, words.LAST_OWNER)
        return redirect("team.show")
    if leaving:
        messages.success(request, words.LEFT.format(team=membership.team))
        return redirect("studio.index")
    messages.success(request, words.REMOVED.format(user=membership.user))
    return redirect("team.show")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def owner(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a member an owner too, or hand the team over to them. Asks for the password again."""
    membership = access.mine_to(request, Act.ROLES, visible_memberships(request), pk)
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
        messages.success(request, words.OWNS_TOO.format(user=membership.user))
    else:
        mine = Membership.objects.get(team=membership.team, user=access.person(request))
        try:
            hand_over(mine, membership)
        except LastOwner:
            messages.warning(request, words.GONE)
        else:
            messages.success(request, words.OWNS_NOW.format(user=membership.user))
    return redirect("team.show")
