"""The provider's key, set in the page: written, never read back. The worker checks it, the page tells."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from wanstudio.encryption import encrypted_fields
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import ENDED
from wanstudio.keys import in_force as keyring
from wanstudio.keys.forms import KeyForm
from wanstudio.keys.models.key_in_page import StoredKey, needed_keys
from wanstudio.keys.models.provider_key import ProviderKey
from wanstudio.teams import access

KEY_VARIABLE = keyring.MAIN.variable("API_KEY")
ENVIRONMENT_WINS = f"{KEY_VARIABLE} is set in the environment and wins. Take it out there first; nothing was stored."


@sensitive_post_parameters("key")
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def show(request: HttpRequest) -> HttpResponse:
    """How it stands with the key. A POST offers one: the worker asks for its balance, and the page looks again."""
    _require_owner(request)
    if request.method == "POST":
        return _offer(request)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("settings.show")
    context = key_context(request)
    response = render(request, "keys/_key.html", context)
    if context["offered"] is None or not context["offered"].is_checking:
        # Decided: much else on the page says something else now.
        response["HX-Refresh"] = "true"
    return response


@sensitive_variables("form")
def _offer(request: HttpRequest) -> HttpResponse:
    form = KeyForm(request.POST)
    if keyring.is_from_environment():
        form.add_error("key", ENVIRONMENT_WINS)
    if form.is_valid():
        try:
            StoredKey.offer(keyring.PROVIDER, form.cleaned_data["key"], access.person(request))
            return redirect("settings.show")
        except encrypted_fields.Unreadable:
            form.add_error("key", "The encryption key of this studio is damaged, so nothing can be stored. Restore it.")
    # Through a redirect, so that no page and no cache ever holds what was typed.
    messages.error(request, str(form.errors["key"][0]))
    return redirect("settings.show")


@login_required
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """Nothing more is sent with it. What it has sent is followed to its end."""
    _require_owner(request)
    StoredKey.take_away(keyring.PROVIDER, access.person(request))
    # Once the sandbox is back.
    ProviderKey.at(keyring.SANDBOX).ask_balance_after(timedelta(seconds=5))
    messages.success(request, "The key is removed. Nothing more is sent with it.")
    return redirect("settings.show")


@login_required
@require_POST
def drop(request: HttpRequest) -> HttpResponse:
    """Stop checking the one that was offered, or put away that it was refused."""
    _require_owner(request)
    StoredKey.drop_offers(keyring.PROVIDER)
    return redirect("settings.show")


def key_context(request: HttpRequest) -> dict[str, Any]:
    """For who runs the studio: what is in force, what was offered, and what is still under way with older keys."""
    if not access.runs_studio(request):
        return {"may_set_key": False}
    stored = StoredKey.in_force(keyring.PROVIDER)
    offered = StoredKey.objects.filter(provider=keyring.PROVIDER, state__in=("checking", "refused")).first()
    return {
        "may_set_key": True,
        "from_environment": keyring.is_from_environment(),
        "in_force": keyring.key_at(keyring.PROVIDER),
        "stored": stored,
        "offered": offered,
        "older_keys": needed_keys().count(),
        "in_sandbox": Job.objects.filter(provider=keyring.SANDBOX).exclude(state__in=ENDED).count(),
        "key_form": KeyForm(),
        "key_label": f"Key from {keyring.MAIN.display_name}’s dashboard",
        "key_variable": KEY_VARIABLE,
    }


def _require_owner(request: HttpRequest) -> None:
    if not access.runs_studio(request):
        raise Http404("not for this role")
