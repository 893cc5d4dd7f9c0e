"""Notifications on the pages: the bell, its list, what comes by mail, and the link that stops a mail."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from wanstudio.notifications.models import (
    CHOOSABLE,
    Kind,
    MailChoice,
    Notification,
    Notifications,
    When,
    read_unsubscribe_token,
)
from wanstudio.notifications.queries import own_notifications
from wanstudio.notifications.verbs.notify import choose_mail, mark_read, stop_mails
from wanstudio.notifications.words import CHOICES_SAVED, mails_of
from wanstudio.teams import access

PAGE = 30
IN_THE_BELL = 8
# What a browser may say aloud while a tab of the studio is open.
LOUD = (Kind.READY, Kind.FAILED, Kind.MENTIONED)


@login_required
@require_safe
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


@login_required
@require_safe
def bell(request: HttpRequest) -> HttpResponse:
    """The count, if it is not what the page shows (`seen`), and what is new enough to be said aloud; else 204."""
    mine = own_notifications(request)
    count, newest = mine.bell()
    seen = request.GET.get("seen", "")
    if seen == f"{count}-{newest}":
        return HttpResponse(status=204)
    last = access.number(seen.partition("-")[2])
    loud = Notification.objects.none()
    if last is not None and newest > last:
        loud = mine.unread().filter(pk__gt=last, kind__in=LOUD).order_by("-pk")[:3]
    return render(request, "notifications/_bell.html", {"bell": (count, newest), "loud": loud})


@login_required
@require_safe
def follow(request: HttpRequest, pk: int) -> HttpResponse:
    """The click: read, and on to what it is about."""
    mine = own_notifications(request).filter(pk=access.number(str(pk)) or 0)
    row = access.one(mine, pk)
    mark_read(mine)
    return redirect(row.path or "notifications.index")


@login_required
@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """`pk`: that one has been read; without it all up to `newest`, so that none is swept away unseen."""
    mine = own_notifications(request)
    chosen: Notifications = mine
    if (pk := access.number(request.POST.get("pk"))) is not None:
        chosen = mine.filter(pk=pk)
    elif (newest := access.number(request.POST.get("newest"))) is not None:
        chosen = mine.filter(pk__lte=newest)
    mark_read(chosen)
    return redirect("notifications.index")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def choices(request: HttpRequest) -> HttpResponse:
    """Each kind with when it is mailed; a POST holds all of them (`ready=now`)."""
    person = access.person(request)
    if request.method == "POST":
        for kind in CHOOSABLE:
            if (when := request.POST.get(kind, "")) in When.values:
                choose_mail(person, kind, When(when))
        messages.success(request, CHOICES_SAVED)
        return redirect("notifications.choices")
    now = MailChoice.of(person)
    rows = [{"kind": kind, "when": now[kind], "loud": kind in LOUD} for kind in CHOOSABLE]
    return render(request, "notifications/choices.html", {"rows": rows, "whens": When.choices})


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
        stop_mails(person, what)
    context = {"words": mails_of(what), "stopped": request.method == "POST"}
    return render(request, "notifications/unsubscribe.html", context)
