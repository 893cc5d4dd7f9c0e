"""Notifications on the pages: the bell, its list, what comes by mail, and the webhook of a team."""

from contextlib import suppress

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from wanstudio.accounts.words import browser_name
from wanstudio.activity.verbs import record
from wanstudio.encryption.encrypted_fields import Unreadable, decrypt, encrypt
from wanstudio.notifications import push_devices, verbs, words
from wanstudio.notifications.forms import PushForm, WebhookForm
from wanstudio.notifications.models import CHOOSABLE, Delivery, MailChoice, Webhook, When, read_unsubscribe_token
from wanstudio.notifications.push_rows import PushDevice
from wanstudio.notifications.queries import LOUD, bell_context, look_at_bell, own_notifications
from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.web.lookups import form_view, page_and_form_view, page_view

PAGE = 30
DELIVERIES = 25
IN_THE_BELL = 8
# The new secret on its way to the page that shows it once.
FRESH = "fresh_webhook_secret"


@page_view
def index(request: HttpRequest) -> HttpResponse:
    """All of them, newest first; `only=unread` those not yet read. For the bell's panel the newest few."""
    mine = own_notifications(request).select_related("team")
    if request.GET.get("as") == "panel":
        return render(request, "notifications/_panel.html", {"notifications": mine.order_by("-pk")[:IN_THE_BELL]})
    only = request.GET.get("only", "")
    before = request.GET.get("before", "")
    page, following = access.page(mine.unread() if only == "unread" else mine, before, PAGE)
    context = {"notifications": page, "only": only, "before": before, "next": following}
    return render(request, "notifications/index.html", context)


@require_safe
def bell(request: HttpRequest) -> HttpResponse:
    """The count, if it is not what the page shows (`seen`), and what is new enough to be said aloud; else 204."""
    found, seen = look_at_bell(request), request.GET.get("seen", "")
    if found is None:
        return redirect_to_login(request.get_full_path())
    if seen == "{}-{}".format(*found):
        return HttpResponse(status=204)
    return render(request, "notifications/_bell.html", bell_context(request, found, seen))


@page_view
def follow(request: HttpRequest, pk: int) -> HttpResponse:
    mine = own_notifications(request).filter(pk=pk)
    row = access.one(mine, pk)
    verbs.mark_read(mine)
    return redirect(row.path or "notifications.index")


@form_view
def read(request: HttpRequest) -> HttpResponse:
    """`pk`: that one has been read; without it all up to `newest`, so that none is swept away unseen."""
    mine = own_notifications(request)
    if (pk := access.number(request.POST.get("pk"))) is not None:
        mine = mine.filter(pk=pk)
    elif (newest := access.number(request.POST.get("newest"))) is not None:
        mine = mine.filter(pk__lte=newest)
    verbs.mark_read(mine)
    return redirect("notifications.index")


@page_and_form_view
def choices(request: HttpRequest) -> HttpResponse:
    """Each kind with when it is mailed; a POST holds all of them (`ready=now`)."""
    person = access.person(request)
    if request.method == "POST":
        for kind in CHOOSABLE:
            if (when := request.POST.get(kind, "")) in When.values:
                verbs.choose_mail(person, kind, When(when))
        messages.success(request, words.CHOICES_SAVED)
        return redirect("notifications.choices")
    now = MailChoice.of(person)
    rows = [{"kind": kind, "when": now[kind], "loud": kind in LOUD} for kind in CHOOSABLE]
    devices = [
        {"device": device, "here": device.session_key == request.session.session_key}
        for device in PushDevice.objects.filter(person=person).select_related("person").order_by("-pk")
        if device.is_signed_in
    ]
    is_on = any(each["here"] for each in devices)
    context = {"rows": rows, "whens": When.choices, "devices": devices, "push_is_on": is_on}
    return render(request, "notifications/choices.html", context)


@form_view
def push_key(request: HttpRequest) -> HttpResponse:
    """The studio's public key: with it a browser asks its push service for an address. The first call makes it."""
    return JsonResponse({"key": push_devices.public_key()})


@form_view
def add_push(request: HttpRequest) -> HttpResponse:
    """`endpoint`, `p256dh`, `auth`: this browser gets pushes. 422 with a sentence if it gave what cannot be used."""
    form = PushForm(request.POST)
    if not form.is_valid():
        sentence = next(iter(form.errors.values()))[0]
        return HttpResponse(sentence, status=422, content_type="text/plain; charset=utf-8")
    person, key = access.person(request), request.session.session_key or ""
    given = push_devices.Subscription(**form.cleaned_data)
    device = push_devices.add_device(person, key, given, browser_name(request.headers.get("User-Agent", "")))
    request.session[push_devices.IN_SESSION] = device.pk
    messages.success(request, words.PUSH_ADDED)
    return HttpResponse(status=204)


@form_view
def remove_push(request: HttpRequest) -> HttpResponse:
    mine = PushDevice.objects.filter(person=access.person(request))
    device = access.one(mine, access.number(request.POST.get("device")) or 0)
    push_devices.remove_device(device, by=device.person)
    messages.success(request, words.PUSH_REMOVED)
    return redirect("notifications.choices")


# No session decides anything here: the link itself is the permission, and mail programs post to it on their own.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """A GET changes nothing (mail scanners follow links) and shows one button; a POST stops the mails."""
    found = read_unsubscribe_token(token)
    if found is None:
        raise Http404("not one of our links")
    person, what = found
    if request.method == "POST":
        verbs.stop_mails(person, what)
    context = {"words": words.mails_of(what), "stopped": request.method == "POST"}
    return render(request, "notifications/unsubscribe.html", context)


@page_view
def webhook(request: HttpRequest) -> HttpResponse:
    team = access.current_team(request)
    access.require(request, team, Act.WEBHOOKS)
    return _page(request, team, WebhookForm())


@form_view
def save_webhook(request: HttpRequest) -> HttpResponse:
    """`url`: events go there from now on. Saving it again switches it on again."""
    team = access.team_in(request, Act.WEBHOOKS)
    form = WebhookForm(request.POST)
    if not form.is_valid():
        return _page(request, team, form, status=422)
    if secret := verbs.set_up_webhook(team, form.cleaned_data["url"], by=access.person(request)):
        request.session[FRESH] = encrypt(secret)
    messages.success(request, words.WEBHOOK_SAVED)
    return redirect("webhook.show")


@form_view
def rotate_webhook(request: HttpRequest) -> HttpResponse:
    request.session[FRESH] = encrypt(verbs.rotate_secret(_hook(request), by=access.person(request)))
    return redirect("webhook.show")


@form_view
def remove_webhook(request: HttpRequest) -> HttpResponse:
    verbs.remove_webhook(_hook(request), by=access.person(request))
    messages.success(request, words.WEBHOOK_REMOVED)
    return redirect("webhook.show")


@form_view
def test_webhook(request: HttpRequest) -> HttpResponse:
    hook, person = _hook(request), access.person(request)
    text = words.WEBHOOK_TEST.format(person=person, team=hook.team)
    key = f"test {timezone.now().isoformat()}"
    if verbs.post_to_webhook(hook.team, "test", key, text, {"team": hook.team.name}):
        record("webhook.tested", team=hook.team, person=person, on=hook)
        messages.success(request, words.WEBHOOK_TESTED)
    else:
        messages.info(request, words.WEBHOOK_SAVE_TO_TEST)
    return redirect("webhook.show")


@form_view
def redeliver(request: HttpRequest, pk: int) -> HttpResponse:
    verbs.send_again(access.one(_hook(request).deliveries.all(), pk), by=access.person(request))
    messages.success(request, words.WEBHOOK_SENT_AGAIN)
    return redirect("webhook.show")


def _hook(request: HttpRequest) -> Webhook:
    team = access.team_in(request, Act.WEBHOOKS)
    return get_object_or_404(Webhook.objects.select_related("team"), team=team)


def _page(request: HttpRequest, team: Team, form: WebhookForm, status: int = 200) -> HttpResponse:
    hook = Webhook.objects.filter(team=team).first()
    before = request.GET.get("before", "")
    page, following = access.page(Delivery.objects.filter(webhook=hook), before, DELIVERIES) if hook else ([], None)
    context = {"hook": hook, "form": form, "deliveries": page, "before": before, "next": following}
    # The secret that was just generated: shown once, and gone.
    with suppress(Unreadable):
        context["secret"] = decrypt(request.session.pop(FRESH)) if FRESH in request.session else ""
    return render(request, "notifications/webhook.html", context, status=status)
