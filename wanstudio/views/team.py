"""The team: its people."""

from django.contrib.auth.decorators import login_required
from django.db.models import Count, F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from wanstudio.models import State
from wanstudio.views import access


@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Who is in it, and how many videos they have made here."""
    team = access.current_team(request)
    made = Q(user__jobs__team=F("team"), user__jobs__state=State.DONE)
    people = team.memberships.select_related("user").annotate(videos=Count("user__jobs", filter=made))
    return render(request, "team/show.html", {"memberships": people.order_by("pk")})
