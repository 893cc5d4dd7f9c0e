"""What one is told: the bell, its list, and what comes by mail."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from wanstudio.notifications.models.mail_choices import CHOOSABLE, MailChoice, When
from wanstudio.notifications.models.notification import Notification
from wanstudio.notifications.queries import own_notifications
from wanstudio.teams import access

PAGE = 30
IN_THE_BELL = 8
# What a browser may say aloud while a tab of the studio is open.
LOUD = (Notification.Kind.READY, Notification.Kind.FAILED, Notification.Kind.MENTIONED)


@login_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All of them, newest first; `only=unread` those not yet read. For the bell's panel the newest few."""
    mine = own_notifications(request).select_related("team")
    if request.GET.get("as") == "panel":
        return render(request, "notifications/_panel.html", {"news": mine.order_by("-pk")[:IN_THE_BELL]})
    only = request.GET.get("only", "")
    before = request.GET.get("before", "")
    page, following = access.page(mine.unread() if only == "unread" else mine, before, PAGE)
    context = {"news": page, "only": only, "before": before, "next": following}
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
    context: dict[str, Any] = {"bell": (count, newest), "loud": []}
    last = access.number(seen.partition("-")[2])
    if last is not None and newest > last:
        fresh = mine.unread().filter(pk__gt=last, kind__in=LOUD)
        context["loud"] = fresh.order_by("-pk")[:3]
    return render(request, "notifications/_bell.html", context)


@login_required
@require_safe
def follow(request: HttpRequest, pk: int) -> HttpResponse:
    """The click: read, and on to what it is about."""
    mine = own_notifications(request).filter(pk=access.number(str(pk)) or 0)
    told: Notification = access.one(mine, pk)
    mine.mark_read()
    return redirect(told.path or "notifications.index")


@login_required
@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """`pk`: that one has been read; without it all up to `newest`, so that none is swept away unseen."""
    mine = own_notifications(request)
    if (pk := access.number(request.POST.get("pk"))) is not None:
        mine.filter(pk=pk).mark_read()
    else:
        newest = access.number(request.POST.get("newest"))
        (mine.filter(pk__lte=newest) if newest is not None else mine).mark_read()
    return redirect("notifications.index")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def choices(request: HttpRequest) -> HttpResponse:
    """Each kind with when it is mailed; a POST holds all of them (`ready=now`)."""
    person = access.person(request)
    if request.method == "POST":
        for kind in CHOOSABLE:
            if (when := request.POST.get(kind, "")) in When.values:
                MailChoice.choose(person, kind, When(when))
        messages.success(request, "Saved.")
        return redirect("notifications.choices")
    now = MailChoice.of(person)
    rows = [{"kind": kind, "when": now[kind], "loud": kind in LOUD} for kind in CHOOSABLE]
    return render(request, "notifications/choices.html", {"rows": rows, "whens": When.choices})
