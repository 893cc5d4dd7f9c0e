"""Unsubscribe link at the foot of a mail: stops mails of its kind, without a sign-in."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from wanstudio.notifications.models.mail_choices import read_unsubscribe_token
from wanstudio.notifications.verbs.notify import stop_mails
from wanstudio.notifications.words import mails_of


# No session decides anything here: the link itself is the permission, and mail programs post to it on their own.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, token: str) -> HttpResponse:
    """A GET changes nothing (mail scanners follow links) and shows one button; a POST stops the mails."""
    found = read_unsubscribe_token(token)
    if found is None:
        raise Http404("not one of our links")
    person, what = found
    if request.method == "POST":
        stop_mails(person, what)
    context = {"words": mails_of(what), "stopped": request.method == "POST"}
    return render(request, "notifications/unsubscribe.html", context)
