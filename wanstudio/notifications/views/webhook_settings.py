"""The team's outgoing webhook: its address, its secret, and what was delivered there."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from wanstudio.activity.verbs import record
from wanstudio.encryption.encrypted_fields import Unreadable, seal, unseal
from wanstudio.notifications.forms import WebhookForm
from wanstudio.notifications.models.webhooks import Delivery, Webhook
from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act

PAGE = 25
# The new secret on its way to the page that shows it once.
FRESH = "fresh_webhook_secret"


@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    team = access.current_team(request)
    access.require(request, team, Act.WEBHOOKS)
    return _page(request, team, WebhookForm())


@login_required
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """`url`: news goes there from now on. Saving it again switches it on again."""
    team = access.team_in(request, Act.WEBHOOKS)
    form = WebhookForm(request.POST)
    if not form.is_valid():
        return _page(request, team, form, status=422)
    if secret := Webhook.set_up(team, form.cleaned_data["url"], by=access.person(request)):
        request.session[FRESH] = seal(secret)
    messages.success(request, "Saved. News of this team is posted there from now on.")
    return redirect("webhook.show")


@login_required
@require_POST
def rotate(request: HttpRequest) -> HttpResponse:
    """A new secret; the old one signs beside it for a day."""
    request.session[FRESH] = seal(_hook(request).rotate(by=access.person(request)))
    return redirect("webhook.show")


@login_required
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    _hook(request).remove(by=access.person(request))
    messages.success(request, "The webhook is removed. Nothing is posted any more.")
    return redirect("webhook.show")


@login_required
@require_POST
def test(request: HttpRequest) -> HttpResponse:
    hook = _hook(request)
    person = access.person(request)
    event = f"test {timezone.now().isoformat()}"
    text = f"A test from Wan Studio, sent by {person} of {hook.team}."
    if Webhook.tell(hook.team, "test", event=event, text=text, data={"team": hook.team.name}):
        record(team=hook.team, person=person, act="webhook.tested", on=hook)
        messages.success(request, "On its way. How it was answered shows below in a moment.")
    else:
        messages.info(request, "The webhook is switched off. Save it again, and nothing is lost.")
    return redirect("webhook.show")


@login_required
@require_POST
def redeliver(request: HttpRequest, pk: int) -> HttpResponse:
    hook = _hook(request)
    delivery: Delivery = access.one(hook.deliveries.all(), access.number(str(pk)) or 0)
    delivery.again(by=access.person(request))
    messages.success(request, "On its way once more.")
    return redirect("webhook.show")


def _hook(request: HttpRequest) -> Webhook:
    """The webhook of the team in the form."""
    team = access.team_in(request, Act.WEBHOOKS)
    hook = Webhook.objects.select_related("team").filter(team=team).first()
    if hook is None:
        raise Http404("no webhook")
    return hook


def _page(request: HttpRequest, team: Team, form: WebhookForm, status: int = 200) -> HttpResponse:
    hook = Webhook.objects.filter(team=team).first()
    before = request.GET.get("before", "")
    page, following = access.page(Delivery.objects.filter(webhook=hook), before, PAGE) if hook else ([], None)
    context = {"hook": hook, "form": form, "deliveries": page, "before": before, "next": following}
    return render(request, "notifications/webhook.html", context | {"secret": _fresh(request)}, status=status)


def _fresh(request: HttpRequest) -> str:
    """The secret that was just drawn: told once, and gone."""
    sealed = request.session.pop(FRESH, "")
    try:
        return unseal(sealed) if sealed else ""
    except Unreadable:
        return ""
