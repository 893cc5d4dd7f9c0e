"""Webhook settings of a team: its address, its secret, and what was delivered there."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from wanstudio.activity.verbs import record
from wanstudio.encryption.encrypted_fields import Unreadable, decrypt, encrypt
from wanstudio.notifications import words
from wanstudio.notifications.forms import WebhookForm
from wanstudio.notifications.models import Delivery, Webhook
from wanstudio.notifications.verbs import webhook_changes
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
    """`url`: events go there from now on. Saving it again switches it on again."""
    team = access.team_in(request, Act.WEBHOOKS)
    form = WebhookForm(request.POST)
    if not form.is_valid():
        return _page(request, team, form, status=422)
    if secret := webhook_changes.set_up_webhook(team, form.cleaned_data["url"], by=access.person(request)):
        request.session[FRESH] = encrypt(secret)
    messages.success(request, words.WEBHOOK_SAVED)
    return redirect("webhook.show")


@login_required
@require_POST
def rotate(request: HttpRequest) -> HttpResponse:
    """A new secret; the old one signs beside it for a day."""
    request.session[FRESH] = encrypt(webhook_changes.rotate_secret(_hook(request), by=access.person(request)))
    return redirect("webhook.show")


@login_required
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    webhook_changes.remove_webhook(_hook(request), by=access.person(request))
    messages.success(request, words.WEBHOOK_REMOVED)
    return redirect("webhook.show")


@login_required
@require_POST
def test(request: HttpRequest) -> HttpResponse:
    hook = _hook(request)
    person = access.person(request)
    text = words.webhook_test(person, hook.team)
    post = webhook_changes.Post("test", f"test {timezone.now().isoformat()}", text, {"team": hook.team.name})
    if webhook_changes.post_to_webhook(hook.team, post):
        record("webhook.tested", team=hook.team, person=person, on=hook)
        messages.success(request, words.WEBHOOK_TESTED)
    else:
        messages.info(request, words.WEBHOOK_SAVE_TO_TEST)
    return redirect("webhook.show")


@login_required
@require_POST
def redeliver(request: HttpRequest, pk: int) -> HttpResponse:
    hook = _hook(request)
    delivery = access.one(hook.deliveries.all(), access.number(str(pk)) or 0)
    webhook_changes.send_again(delivery, by=access.person(request))
    messages.success(request, words.WEBHOOK_SENT_AGAIN)
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
    """The secret that was just generated: shown once, and gone."""
    encrypted = request.session.pop(FRESH, "")
    try:
        return decrypt(encrypted) if encrypted else ""
    except Unreadable:
        return ""
