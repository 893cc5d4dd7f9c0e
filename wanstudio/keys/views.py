"""The settings page: the provider's key and its balance, the switch that stops sending, and the machine's checks."""

from datetime import timedelta

from django import forms
from django.conf import settings as conf
from django.contrib import messages
from django.core.validators import RegexValidator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from wanstudio.activity.verbs import record
from wanstudio.encryption import encrypted_fields
from wanstudio.keys import call_budget, in_force, verbs, words
from wanstudio.keys.models import ProviderKey, StudioKey
from wanstudio.provider import providers
from wanstudio.provider.base import prices_on
from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.web.addresses import is_reachable
from wanstudio.web.lookups import form_view, page_and_form_view, page_view
from wanstudio.web.studio_checks import Check, registered, studio_checks

NOT_A_KEY = "This is not a valid key. A key has no spaces or line breaks. Copy it again."


class KeyForm(forms.Form):
    key = forms.CharField(
        label="Key",
        # Longer by far than any key, and checked below: a sentence of ours is better than “at most 400 characters”.
        max_length=10_000,
        widget=forms.PasswordInput(attrs={"class": "input", "autocomplete": "off", "id": "provider-key"}),
        validators=[RegexValidator(r"\A[!-~]{8,400}\Z", NOT_A_KEY)],
        error_messages={"required": f"Paste the key from {in_force.MAIN.display_name}’s dashboard."},
    )


@page_view
def settings(request: HttpRequest) -> HttpResponse:
    """Each part with a sentence on what works and what to do; the machine's parts only for the person who runs the
    studio.

    The balance only for who can see the team's spending.
    """
    access.current_team(request)  # Without a team, or access to it, there is nothing to set.
    key = ProviderKey.peek(in_force.provider_in_use())
    calls = call_budget.allowed_calls(key)
    context = {
        "may_stop": access.runs_studio(request, Act.SENDING),
        "checks": studio_checks() if access.runs_studio(request) else [],
        "key": key,
        "version": conf.VERSION,
        "allowed": words.allowed(calls, call_budget.allowed_tasks(key)) if calls else "",
        "learned": providers.named(words.LEARNED, key.provider),
        "learned_at": call_budget.learned_at(key),
        "pause_fact": f"{words.pause_fact(key.provider, key.pause)}.",
        "key_hint": words.KEY_HINT.format(name=in_force.MAIN.display_name),
        "prices": sorted(prices_on(conf.PRICES, timezone.now().date()).items()),
    }
    return render(request, "keys/settings.html", context | _key_context(request))


@form_view
def sending(request: HttpRequest) -> HttpResponse:
    """`sending=stop` or `go_on`, for every provider at once: a key that is added later starts stopped, too.

    The form says what is asked for instead of toggling, so that two tabs and a double click agree.
    """
    _require(access.runs_studio(request, Act.SENDING))
    asked = request.POST.get("sending")
    if asked in ("stop", "go_on"):
        with transaction.atomic():
            keys = [ProviderKey.at(provider) for provider in conf.PROVIDERS]
            if any(key.stopped_at for key in keys) != (asked == "stop"):
                # In the activity of the first team, whose key it is; nothing if it stays as it is.
                act = "settings.sending_stopped" if asked == "stop" else "settings.sending_resumed"
                record(team=Team.objects.filter(is_first=True).first(), person=access.person(request), act=act)
            for key in keys:
                verbs.stop(key) if asked == "stop" else verbs.start_again(key)
    return redirect("settings.show")


@page_and_form_view
def balance(request: HttpRequest) -> HttpResponse:
    """The balance as it was last read, for who can see the spending. A POST makes it due, and the page looks again."""
    access.require(request, access.current_team(request), Act.SPENDING)
    if request.method == "POST":
        _require(access.runs_studio(request, Act.SENDING))
        verbs.ask_balance(ProviderKey.at(in_force.provider_in_use()))
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("settings.show")
    key = ProviderKey.peek(in_force.provider_in_use())
    return render(request, "keys/_balance.html", {"key": key, "may_stop": access.runs_studio(request, Act.SENDING)})


@sensitive_post_parameters("key")
@page_and_form_view
def key(request: HttpRequest) -> HttpResponse:
    """The state of the key. A POST offers one: the worker asks for its balance, and the page looks again."""
    _require(access.runs_studio(request))
    if request.method == "POST":
        return _offer(request)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("settings.show")
    context = _key_context(request)
    response = render(request, "keys/_key.html", context)
    offered = context["offered"]
    if not (isinstance(offered, StudioKey) and offered.is_checking):
        # Decided: much else on the page says something else now.
        response["HX-Refresh"] = "true"
    return response


@sensitive_variables("form")
def _offer(request: HttpRequest) -> HttpResponse:
    form = KeyForm(request.POST)
    if in_force.is_from_environment():
        form.add_error("key", words.ENVIRONMENT_WINS.format(variable=in_force.MAIN.variable("API_KEY")))
    if form.is_valid():
        try:
            verbs.offer(in_force.PROVIDER, form.cleaned_data["key"], access.person(request))
            return redirect("settings.show")
        except encrypted_fields.Unreadable:
            form.add_error("key", words.CANNOT_STORE)
    # Through a redirect, so that no page and no cache ever holds what was typed.
    messages.error(request, str(form.errors["key"][0]))
    return redirect("settings.show")


@form_view
def remove_key(request: HttpRequest) -> HttpResponse:
    _require(access.runs_studio(request))
    verbs.remove(in_force.PROVIDER, access.person(request))
    # Once the sandbox is back.
    verbs.ask_balance(ProviderKey.at(in_force.SANDBOX), timedelta(seconds=5))
    messages.success(request, words.REMOVED)
    return redirect("settings.show")


@form_view
def drop_key(request: HttpRequest) -> HttpResponse:
    """Stop checking the offered key, or dismiss its refusal."""
    _require(access.runs_studio(request))
    verbs.drop_offers(in_force.PROVIDER)
    return redirect("settings.show")


def _key_context(request: HttpRequest) -> dict[str, object]:
    """For who runs the studio: what is in force, what was offered, and what is still in progress with older keys."""
    if not access.runs_studio(request):
        return {"may_set_key": False}
    return {
        "may_set_key": True,
        "from_environment": in_force.is_from_environment(),
        "in_force": in_force.key_at(in_force.PROVIDER),
        "stored": StudioKey.in_force(in_force.PROVIDER),
        "offered": StudioKey.offered(in_force.PROVIDER).first(),
        "older_keys": in_force.retired_keys(needed=True).count(),
        "in_sandbox": in_force.key_user().unfinished(in_force.SANDBOX),
        "unreadable_fact": providers.named(words.UNREADABLE, in_force.PROVIDER),
        "key_form": KeyForm(),
        "key_label": words.KEY_LABEL.format(name=in_force.MAIN.display_name),
        "key_variable": in_force.MAIN.variable("API_KEY"),
    }


def _require(allowed: bool) -> None:
    if not allowed:
        raise Http404("not for this role")


def _public_address() -> Check:
    title, provider = "Public address", in_force.provider_in_use()
    url, is_needed = conf.WANSTUDIO_URL, not is_reachable(provider)
    if conf.BUCKET:
        way = "No callbacks: results are asked for." if is_needed else ""
        return Check(
            title, None if is_needed else True, f"{url or 'Not set.'} Uploads go through the bucket. {way}".strip()
        )
    if url and is_needed:
        name = providers.get(provider).display_name
        return Check(title, False, f"{name} cannot reach {url}. Links work; uploads need a public https address.")
    if is_needed:
        return Check(title, None, "Not set. Links work; uploads need WANSTUDIO_URL.")
    unset = "Not set, and not needed in the sandbox. With a key, set WANSTUDIO_URL."
    return Check(title, True if url else None, url or unset)


def _provider_key() -> Check:
    title, provider = in_force.MAIN.key_name, in_force.provider_in_use()
    key = ProviderKey.peek(provider)
    if key.stopped_at:
        why = key.stopped_why or "Sending is stopped in these settings."
        return Check(title, False if key.stopped_why else None, f"{why} Jobs wait in the queue.")
    if key.pause:
        return Check(title, False, f"{words.pause_fact(provider, key.pause)}. Jobs wait in the queue, nothing is lost.")
    if ProviderKey.opens_at(provider):
        return Check(title, True, providers.named(f"{words.SLOW_DOWN} Calls continue in a moment.", provider))
    if provider == in_force.SANDBOX:
        return Check(title, None, "Not set. The sandbox is used: videos are placeholders and nothing is billed.")
    if in_force.key_at(provider).unreadable:
        return Check(title, False, providers.named(f"{words.UNREADABLE} Enter it again.", provider))
    return Check(title, True, providers.named("Set. Videos are made by {name} and billed to the key.", provider))


registered.append(lambda: [_public_address(), _provider_key()])
