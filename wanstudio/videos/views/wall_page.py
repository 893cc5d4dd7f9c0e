"""The wall of videos: its tiles and filters, the actions on selected videos, and their archive, made while sent."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.files.storage import Storage
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.html import format_html
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django_htmx.middleware import HtmxDetails
from zipstream import ZipStream

from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.videos import verbs, wall, wall_rows, words
from wanstudio.videos.models import Collection, Video, key_of
from wanstudio.videos.queries import (
    MAX_SUGGESTED,
    starred_videos,
    visible_collections,
    visible_tags,
    visible_videos,
    with_versions,
)
from wanstudio.web.lookups import form_view, page_view
from wanstudio.web.way_back import back

PAGE = 24
# How many tiles a page that was scrolled far restores.
MAX_AT_ONCE = 600
MAX_SELECTED = 10_000
# Of more than these the sums are asked for after the page.
MAX_SUMMED = 300
CHUNK = 256 * 1024
# With its number and ending a name stays under the 255 bytes that file systems take.
MAX_NAME_BYTES = 200
FORBIDDEN = frozenset('<>:"/\\|?*')
RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})


@page_view
def index(request: HttpRequest) -> HttpResponse:
    """The wall, newest first; `wall.py` says what filters it.

    `before` pages; a scrolled-to page asks with htmx and gets the next tiles alone. The address then becomes
    `through`: all tiles down to that id, so that a reload, or the way back, finds as much as there was.
    """
    asked, team = wall.asked_of(request.GET), access.current_team(request)
    before = access.number(request.GET.get("before"))
    if "sums" in request.GET:
        return render(request, "videos/_sums.html", _sums(request, wall_rows.found(request, team, asked), MAX_SELECTED))
    # What the tiles and the sums beside them need of a search.
    most = max(MAX_SUMMED, MAX_AT_ONCE) + 1
    here = wall_rows.found(request, team, asked, before, most)
    page, following = tiles_of(request, here)
    # An address that names its team continues with that team's tiles.
    query = {**asked, access.TEAM: team.pk} if access.TEAM in request.GET else asked
    context: dict[str, object] = {
        "videos": with_versions(page),
        "next_query": urlencode({**query, "before": following}) if following else "",
    }
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    if htmx and not htmx.boosted and not htmx.history_restore_request and "before" in request.GET:
        answer = render(request, "videos/_tiles.html", context)
        if page:
            answer["HX-Replace-Url"] = f"?{urlencode({**query, 'through': page[-1].pk})}"
    else:
        context |= _around(request, team, asked, query) | {"before": before}
        whole = wall_rows.found(request, team, asked, most=most) if before and "q" in asked else here
        context |= _sums(request, whole, min(MAX_SUMMED, MAX_SELECTED))
        answer = render(request, "videos/index.html", context)
    # One address, two answers: the browser must not show the tiles alone on the way back.
    patch_vary_headers(answer, ["HX-Request", "HX-Boosted"])
    return answer


def tiles_of(request: HttpRequest, here: wall_rows.Found) -> tuple[list[Video], int | None]:
    """The tiles, and the id to continue from, or None at the end. Ids first: rows have much that no filter asks."""
    size, before, through = PAGE, *(access.number(request.GET.get(name)) for name in ("before", "through"))
    if before is not None:
        here = here.older_than(before)
    elif through is not None:
        size = max(here.down_to(through).ids()[:MAX_AT_ONCE].count(), PAGE)
    ids = list(here.ids()[: size + 1])
    rows = starred_videos(request).select_related(None).select_related("job__person").in_bulk(ids[:size])
    return [rows[pk] for pk in ids[:size] if pk in rows], ids[size - 1] if len(ids) > size else None


def _sums(request: HttpRequest, here: wall_rows.Found, most: int) -> dict[str, object]:
    totals = wall_rows.totals(request, here, most)
    return {"totals": totals, "count": totals["count"], "is_partial": totals["has_more"] and most < MAX_SELECTED}


def _around(request: HttpRequest, team: Team, asked: wall_rows.Asked, query: Mapping[str, object]) -> dict[str, object]:
    collections, tags = list(visible_collections(request, team)), list(visible_tags(request, team))
    opened = next((one for one in collections if str(one.pk) == asked.get("collection")), None)
    return {
        "asked": asked,
        "filters": wall.menus(team, asked, tags, collections),
        "favourites": wall.favourites(asked),
        "collections": collections,
        "collection": opened,
        "is_mine": opened is not None and opened.person_id == access.person(request).pk,
        "tags": tags[:MAX_SUGGESTED],
        "here": request.get_full_path(),
        "selecting": request.GET.get("select") == "1",
        "query": urlencode(asked),
        "sums_query": urlencode({**query, "sums": 1}),
    }


@form_view
def tag(request: HttpRequest) -> HttpResponse:
    """`tag` is put on all, or taken off with `off`. Enter in the field of a new collection arrives here, too."""
    if request.POST.get("name", "").strip() and not request.POST.get("tag", "").strip():
        return collect(request)
    team = access.team_in(request, Act.ORGANISE)
    chosen, name = _chosen(request, team), request.POST.get("tag", "")
    if request.POST.get("off"):
        for gone in visible_tags(request, team).filter(key=key_of(name)):
            verbs.take_tag_off(gone, chosen, access.person(request))
            messages.success(request, words.UNTAGGED.format(tag=gone, count=words.count_of(chosen)))
    elif chosen and (named := verbs.tag_named(team, name)):
        verbs.put_tag_on(named, chosen, access.person(request))
        messages.success(request, words.TAGGED.format(tag=named, count=words.count_of(chosen)))
    else:
        messages.info(request, words.TAG_MISSING if chosen else words.NOTHING_SELECTED)
    return back(request, "videos.index")


@form_view
def collect(request: HttpRequest) -> HttpResponse:
    """Into `collection`, or out of the one in `out`, or into a new one of this `name`."""
    team = access.team_in(request, Act.ORGANISE)
    chosen, post, person = _chosen(request, team), request.POST, access.person(request)
    mine = visible_collections(request, team)
    if post.get("out"):
        out = access.one(mine, access.number(post["out"]) or 0)
        verbs.take_out(out, chosen)
        messages.success(request, words.TAKEN_OUT.format(count=words.count_of(chosen), collection=out))
        return back(request, "videos.index")
    into: Collection | None = None
    if post.get("collection"):
        into = access.one(mine, access.number(post["collection"]) or 0)
    elif chosen:
        into = verbs.collection_named(team, person, post.get("name", ""))
    if chosen and into:
        verbs.collect(into, chosen, person)
        address = f"{reverse('videos.index')}?collection={into.pk}"
        messages.success(request, format_html(words.COLLECTED_HTML, words.count_of(chosen), address, into))
    else:
        messages.info(request, words.COLLECTION_MISSING if chosen else words.NOTHING_SELECTED)
    return back(request, "videos.index")


@form_view
def put_into_bin(request: HttpRequest) -> HttpResponse:
    team = access.team_in(request, Act.ORGANISE)
    if chosen := _chosen(request, team):
        verbs.bin_videos(chosen, access.person(request))
        messages.success(request, format_html(words.BINNED_HTML, words.count_of(chosen), reverse("binned.index")))
    else:
        messages.info(request, words.NOTHING_SELECTED)
    return back(request, "videos.index")


@form_view
def download(request: HttpRequest) -> HttpResponseBase:
    team = access.team_in(request, Act.VIEW)
    chosen = _chosen(request, team)
    if not chosen:
        messages.info(request, words.NOTHING_SELECTED)
        return back(request, "videos.index")
    return zipped(chosen, f"{slugify(team.name) or 'wan-studio'}-videos-{timezone.localdate():%Y-%m-%d}.zip")


def _chosen(request: HttpRequest, team: Team) -> list[Video]:
    """The `video`s that were ticked; with `all`, everything found by `query` that was there when the page was made."""
    post = request.POST
    if post.get("all") == "1":
        newest = access.number(post.get("newest")) or 0
        here = wall_rows.found(request, team, wall.asked_of(QueryDict(post.get("query", "")[:5000])), newest + 1)
        chosen = here.only(pk__lte=newest).ids()[:MAX_SELECTED]
        return list(visible_videos(request).filter(pk__in=chosen).order_by("-pk"))
    ids = [access.number(text) or 0 for text in islice(post.getlist("video"), MAX_SELECTED)]
    return list(visible_videos(request).filter(team=team, pk__in=ids).order_by("-pk"))


def zipped(videos: Iterable[Video], name: str) -> StreamingHttpResponse:
    """The archive as a download. Files gone from the storage are left out; each is opened when it is reached.

    Stored, not deflated: video does not get smaller, and with a known length the browser notices a broken download.
    """
    archive = ZipStream(sized=True)
    taken: set[str] = set()
    for video in videos:
        path, storage = str(video.file.name), video.file.storage
        try:
            # Of ten thousand videos a bucket is not asked.
            size_bytes = video.size_bytes if settings.MEDIA_BUCKET else storage.size(path)
        except FileNotFoundError:
            continue
        archive.add(_read(storage, path), unused(file_name(video.job.title), taken), size=size_bytes)
    return StreamingHttpResponse(
        archive,
        headers={
            "Content-Length": str(len(archive)),
            "Content-Type": "application/zip",
            "Content-Disposition": content_disposition_header(True, name) or "attachment",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _read(storage: Storage, path: str) -> Iterator[bytes]:
    with storage.open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def file_name(title: str) -> str:
    """A title as a name that every system takes, without its ending; never empty, never a path, never hidden."""
    composed = unicodedata.normalize("NFC", title)
    kept = "".join(letter if letter.isprintable() and letter not in FORBIDDEN else " " for letter in composed)
    kept = " ".join(kept.split()).lstrip(".").encode()[:MAX_NAME_BYTES].decode(errors="ignore").strip(" .")
    if not kept or kept.partition(".")[0].strip().lower() in RESERVED:
        kept = f"video {kept}".strip()
    return kept


def unused(name: str, taken: set[str]) -> str:
    """`Mira walks.mp4`, and `Mira walks (2).mp4` if that is taken, in whatever case; notes it as taken."""
    number, candidate = 1, f"{name}.mp4"
    while (key := unicodedata.normalize("NFKC", candidate).casefold()) in taken:
        number += 1
        candidate = f"{name} ({number}).mp4"
    taken.add(key)
    return candidate
