"""How the studio is set: each part in words, the switch that stops all sending, and the balance on request."""

from django.conf import settings as conf
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from wanstudio.activity.verbs import record
from wanstudio.keys import in_force as keyring
from wanstudio.keys.models.provider_key import ProviderKey
from wanstudio.keys.views.key_page import key_context
from wanstudio.keys.views.machine_checks import PAUSES
from wanstudio.money.pricing import prices_on
from wanstudio.provider import providers
from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.web.studio_checks import studio_checks


@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Each part with a sentence on what works and what to do; the machine only for who runs the studio.

    The balance only for who may see the team's spending.
    """
    access.current_team(request)  # Who is in no team any more, or may not enter theirs, has nothing to set.
    may_stop = access.may_stop_sending(request)
    key = _key()
    context = {
        "may_stop": may_stop,
        "checks": studio_checks() if access.runs_studio(request) else [],
        "key": key,
        "pause_fact": providers.named(PAUSES.get(ProviderKey.Pause(key.pause), ""), key.provider),
        "key_hint": f"For real videos the owner of the first team sets the key of {keyring.MAIN.display_name} here.",
        "prices": sorted(prices_on(conf.PRICES, timezone.now().date()).items()),
    }
    return render(request, "keys/settings.html", context | key_context(request))


@login_required
@require_POST
def sending(request: HttpRequest) -> HttpResponse:
    """`sending=stop` or `go_on`, for every provider at once: a key that is added later starts stopped, too.

    The form says what is wanted instead of toggling, so that two tabs and a double click agree.
    """
    _require_stop(request)
    wanted = request.POST.get("sending")
    with transaction.atomic():
        keys = [ProviderKey.at(provider) for provider in conf.PROVIDERS]
        _note_sending(request, wanted, keys)
        for key in keys:
            if wanted == "stop":
                key.stop()
            elif wanted == "go_on":
                key.go_on()
    return redirect("settings.show")


def _note_sending(request: HttpRequest, wanted: str | None, keys: list[ProviderKey]) -> None:
    """In the activity of the first team, whose key it is; nothing if it stays as it is."""
    stopped = any(key.stopped_at for key in keys)
    if wanted in ("stop", "go_on") and stopped != (wanted == "stop"):
        act = "settings.sending_stopped" if wanted == "stop" else "settings.sending_resumed"
        record(team=Team.objects.filter(is_first=True).first(), person=access.person(request), act=act)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def balance(request: HttpRequest) -> HttpResponse:
    """The balance as it was last told, for who may see the spending. A POST makes it due: the worker asks, the page
    looks again."""
    access.require(request, access.current_team(request), Act.SPENDING)
    if request.method == "POST":
        _require_stop(request)
        ProviderKey.at(keyring.provider_in_use()).ask_balance_now()
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("settings.show")
    may_stop = access.may_stop_sending(request)
    return render(request, "keys/_balance.html", {"key": _key(), "may_stop": may_stop})


def _require_stop(request: HttpRequest) -> None:
    if not access.may_stop_sending(request):
        raise Http404("not for this role")


def _key() -> ProviderKey:
    """The row of the provider in use; an unsaved one before the worker has made it."""
    provider = keyring.provider_in_use()
    return ProviderKey.objects.filter(provider=provider).first() or ProviderKey(provider=provider)
