"""The page of a character or a motion: what it is, the videos made from it, and what they cost."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from wanstudio.money.source_use import use_of
from wanstudio.teams import access
from wanstudio.teams.roles import Act
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import visible_sources
from wanstudio.videos import wall_rows
from wanstudio.videos.queries import with_versions
from wanstudio.videos.views.wall_page import tiles_of
from wanstudio.web.lookups import page_view

MAX_COPIES = 20


@page_view
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Its videos are tiles of the wall, the newest first; `before` and `through` page as they do there.

    What it cost is in the kept sums of the ledger, so that neither depends on how often it was used.
    """
    rows = visible_sources(request).select_related("team", "person")
    source: Source = access.mine_to(request, Act.VIEW, rows, access.number(str(pk)) or 0)
    asked = {source.kind: str(source.pk), "versions": "all"}
    videos, following = tiles_of(request, wall_rows.found(request, source.team, asked))
    context = {
        "source": source,
        # Of a file that was added often before 0.5.0 the first ones: lists show one of them.
        "copies": source.alike().filter(deleted_at=None).exclude(pk=source.pk).order_by("pk")[:MAX_COPIES],
        "use": use_of(request, source.team, source.kind, source.pk),
        "videos": with_versions(videos),
        "before": request.GET.get("before", ""),
        "asked": urlencode(asked),
        "use_url": f"{reverse('studio.index')}?{source.kind}={source.pk}",
        "next_query": urlencode({**asked, "before": following}) if following else "",
    }
    return render(request, "uploads/show.html", context)
