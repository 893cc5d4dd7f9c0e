"""What every page shows: read only if the template asks."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from wanstudio.models import Heartbeat, Job
from wanstudio.views import access

THEMES = ("dark", "light")


def studio(request: HttpRequest) -> dict[str, Any]:
    theme = request.COOKIES.get("theme", "")
    context: dict[str, Any] = {
        "theme": theme if theme in THEMES else "auto",
        "sandbox": settings.PROVIDER == "sandbox",
    }
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return context
    team = SimpleLazyObject(lambda: access.current_team(request))
    return context | {
        "team": team,
        "unfinished": SimpleLazyObject(lambda: Job.objects.unfinished().filter(team=team.pk).count()),
        "worker_missing": SimpleLazyObject(lambda: not Heartbeat.alive()),
    }
