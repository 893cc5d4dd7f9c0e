"""The company's sign-in: the way to the issuer, and the way back. Without its settings neither address exists."""

from allauth.core.internal import ratelimit
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from wanstudio.teams.company_adapter import not_let_in
from wanstudio.teams.words import NotLetIn


@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """To the issuer. By a link and not a form: a form's rules would follow every redirect behind it.

    Another site that sends a visitor here gets a page with the same link; a person decides.
    """
    if settings.COMPANY is None:
        raise Http404("no company's sign-in")
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        return not_let_in(request, NotLetIn.ANOTHER_SITE)
    if not ratelimit.consume(request, app="allauth.account", action="company", limit_get=True):
        return render(request, "429.html", status=429)
    # What speaks with the issuer is loaded only where there is one.
    from wanstudio.accounts.issuer import Issuer, OAuth2Error, RequestException

    try:
        response: HttpResponse = Issuer(request).get_provider().redirect_from_request(request)
    except (OAuth2Error, RequestException) as wrong:
        return not_let_in(request, NotLetIn.AWAY, str(wrong)[:300])
    return response


@require_safe
def callback(request: HttpRequest) -> HttpResponse:
    if settings.COMPANY is None:
        raise Http404("no company's sign-in")
    if not ratelimit.consume(request, app="allauth.account", action="company", limit_get=True):
        return render(request, "429.html", status=429)
    from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView

    from wanstudio.accounts.issuer import Issuer

    named = request.GET.get("iss")
    if named is not None and named.rstrip("/") != settings.COMPANY.issuer.rstrip("/"):
        return not_let_in(request, NotLetIn.NOT_VALID, "another issuer answered")
    answer = OAuth2CallbackView.adapter_view(Issuer(request))
    response: HttpResponse = answer(request)
    return response
