"""The button that checks the bucket: the worker looks, and the settings page asks again until it has."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from wanstudio.teams import access
from wanstudio.uploads.bridge import bucket_check
from wanstudio.web.lookups import form_view


@form_view
def check(request: HttpRequest) -> HttpResponse:
    if not access.runs_studio(request):
        raise Http404("not for this role")
    bucket_check.ask()
    return redirect("settings.show")
