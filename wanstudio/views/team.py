"""The team: its people, its spending, and how its studio is set."""

from django.conf import settings as conf
from django.contrib.auth.decorators import login_required
from django.db.models import Count, F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from wanstudio.models import Membership, ProviderKey, State
from wanstudio.pricing import prices_on
from wanstudio.views import access, spending
from wanstudio.views.health import machine_checks

PAUSES = {
    ProviderKey.Pause.UNAUTHORIZED: "APIXO does not accept the key.",
    ProviderKey.Pause.NO_BALANCE: "The balance of the key is too low.",
    ProviderKey.Pause.FORBIDDEN: "APIXO refused three jobs in a row: the key may not be allowed to use this model.",
}


@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Who is in it, and how many videos they have made here."""
    team = access.current_team(request)
    made = Q(user__jobs__team=F("team"), user__jobs__state=State.DONE)
    people = team.memberships.select_related("user").annotate(videos=Count("user__jobs", filter=made))
    return render(request, "team/show.html", {"memberships": people.order_by("pk")})


@login_required
@require_safe
def usage(request: HttpRequest) -> HttpResponse:
    """What was spent, by person; the sandbox's jobs count in no total."""
    team = access.current_team(request)
    return render(request, "team/usage.html", {"rows": spending.by_person(team), "total": spending.total(team)})


@login_required
@require_safe
def settings(request: HttpRequest) -> HttpResponse:
    """How the studio is set, each part with a sentence on what works and what to do; the machine only for its owner."""
    team = access.current_team(request)
    role = team.memberships.get(user=access.person(request)).role
    key = ProviderKey.objects.filter(provider=conf.PROVIDER).first() or ProviderKey(provider=conf.PROVIDER)
    context = {
        "checks": machine_checks() if role == Membership.Role.OWNER else [],
        "key": key,
        "pause_fact": PAUSES.get(ProviderKey.Pause(key.pause), ""),
        "prices": sorted(prices_on(conf.PRICES, timezone.now().date()).items()),
    }
    return render(request, "team/settings.html", context)
