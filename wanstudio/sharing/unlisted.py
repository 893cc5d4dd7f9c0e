"""Headers of every answer under a shared link: unlisted, unkept, and not told to the next site."""

from django.http import HttpRequest, HttpResponseBase

from wanstudio.web.middleware import Middleware
from wanstudio.web.way_back import SHARED

# Addresses that open something by themselves, and are sent around.
MAILED_PATHS = ("/invite/", "/spending/by-mail/", "/unsubscribe/", "/account/email/", "/accounts/password/reset/")


class Unlisted(Middleware):
    """Nothing under a shared link is kept by anybody, indexed, or told to the next site: pages, files and refusals."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if request.path.startswith(SHARED):
            response.headers["X-Robots-Tag"] = "noindex, nofollow"
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["Cache-Control"] = "private, no-store"
            # Redirects to an address with its last slash never get as far as the middleware that says it else.
            response.headers["X-Frame-Options"] = "DENY"
        elif request.path.startswith(MAILED_PATHS):
            response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response
