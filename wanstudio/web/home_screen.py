"""The studio on a home screen: its manifest, and the service worker with the page that it shows offline.

Each of them is the same for everyone: no session, no query.
"""

import hashlib

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_safe

# The ground of the dark theme, which is the first that a studio shows: a manifest has one colour.
GROUND = "#0d0e10"
# What the offline page loads. Nothing else of the studio is ever kept by the worker.
OFFLINE_FILES = ("css/app.css", "img/mark.svg", "img/favicon.svg")


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    icons = [
        {"src": static(f"img/{name}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for name, size, purpose in (
            *(("icon-192", 192, "any"), ("icon-512", 512, "any")),
            ("icon-maskable", 512, "maskable"),
        )
    ]
    named = {"id": "/", "name": "Wan Studio", "short_name": "Wan Studio", "lang": "en", "dir": "ltr"}
    shown = {"start_url": reverse("studio.index"), "scope": "/", "display": "standalone"}
    colours = {"theme_color": GROUND, "background_color": GROUND}
    answer = JsonResponse({**named, **shown, **colours, "icons": icons}, content_type="application/manifest+json")
    answer["Cache-Control"] = "no-cache"
    return answer


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """Another text is another worker, and browsers ask for it with each visit: so it updates itself."""
    page = render_to_string("offline.html")
    version = hashlib.sha256(page.encode()).hexdigest()[:12]
    context = {
        "page": reverse("offline"),
        "files": [f"{static(name)}?offline" for name in OFFLINE_FILES],
        "version": version,
    }
    text = render_to_string("service-worker.js", context)
    return HttpResponse(text, content_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"})


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    return HttpResponse(render_to_string("offline.html"), headers={"Cache-Control": "no-cache"})
