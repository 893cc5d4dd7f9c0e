"""The link at the foot of a mail: stops mails of its kind, without a sign-in."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from wanstudio.notifications.models.mail_choices import DAILY, Kind, MailChoice, read_token


# No session decides anything here: the link itself is the permission, and mail programs post to it on their own.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, token: str) -> HttpResponse:
    """A GET changes nothing (mail scanners follow links) and shows one button; a POST stops the mails."""
    found = read_token(token)
    if found is None:
        raise Http404("not one of our links")
    person, what = found
    if request.method == "POST":
        MailChoice.stop(person, what)
    words = "the daily mail" if what == DAILY else f"mails that say “{Kind(what).label}”"
    return render(request, "notifications/unsubscribe.html", {"words": words, "stopped": request.method == "POST"})
