"""The team: its people, its spending, and how its studio is set."""

from django.conf import settings as conf
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from wanstudio.models import ProviderKey
from wanstudio.views import access, spending
from wanstudio.views.health import machine_checks


@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Who is in it."""
    team = access.current_team(request)
    people = team.memberships.select_related("user").order_by("pk")
    return render(request, "team/show.html", {"memberships": people})


@login_required
@require_safe
def usage(request: HttpRequest) -> HttpResponse:
    """What was spent, by person; the sandbox's jobs count in no total."""
    team = access.current_team(request)
    return render(request, "team/usage.html", {"rows": spending.by_person(team), "total": spending.total(team)})


@login_required
@require_safe
def settings(request: HttpRequest) -> HttpResponse:
    """How the studio is set, each part with a sentence on what works and what to do. Only for the owner."""
    access.owned_team(request)
    key = ProviderKey.at(conf.PROVIDER)
    return render(request, "team/settings.html", {"checks": machine_checks(), "key": key})
