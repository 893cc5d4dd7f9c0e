"""Share dialog of a video or a collection: its links are made, shown with their code, changed and revoked."""

from collections.abc import Iterator

import segno
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import mark_safe

from wanstudio.sharing.forms import ShareForm
from wanstudio.sharing.models import ShareLink
from wanstudio.sharing.queries import linked_videos, visible_links
from wanstudio.sharing.verbs import change_link, make_link, revoke_link
from wanstudio.teams import access
from wanstudio.teams.roles import Act
from wanstudio.videos.models import Collection, Video
from wanstudio.videos.queries import visible_collections, visible_videos
from wanstudio.web.addresses import address_of, link_problem
from wanstudio.web.lookups import form_view, page_and_form_view

Thing = Video | Collection


@page_and_form_view
def video(request: HttpRequest, pk: int) -> HttpResponse:
    """The links to a video; POST makes one. For a video in the bin they can only be viewed and revoked."""
    rows = visible_videos(request) if request.method == "POST" else linked_videos(request)
    return _of(request, access.mine_to(request, Act.SHARE, rows, pk))


@page_and_form_view
def collection(request: HttpRequest, pk: int) -> HttpResponse:
    """The links to a collection; POST makes one. Of private ones only their own person's."""
    return _of(request, access.mine_to(request, Act.SHARE, visible_collections(request), pk))


def _of(request: HttpRequest, thing: Thing) -> HttpResponse:
    form = ShareForm(request.POST or None, team=thing.team)
    if request.method != "POST" or not form.is_valid():
        return _answer(request, thing, form=form if request.method == "POST" else None)
    return _done(request, thing, make_link(thing, access.person(request), **form.options))


@form_view
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    link = access.mine_to(request, Act.SHARE, visible_links(request), pk)
    form = ShareForm(request.POST, team=link.team, link=link)
    if not form.is_valid():
        return _answer(request, link.thing, form=form, opened=link)
    change_link(link, access.person(request), **form.options)
    return _done(request, link.thing, link)


@form_view
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """No one sees anything through it from the next request on. It cannot be undone: a new link can be made."""
    link = access.mine_to(request, Act.SHARE, visible_links(request), pk)
    revoke_link(link, access.person(request))
    return _done(request, link.thing, None)


def _done(request: HttpRequest, thing: Thing, opened: ShareLink | None) -> HttpResponse:
    """The dialog again; without a script its page, by a redirect, so that a reload repeats nothing."""
    if request.htmx:  # type: ignore[attr-defined]
        return _answer(request, thing, opened=opened)
    return redirect(_address(thing) + (f"?link={opened.pk}" if opened else ""))


def _address(thing: Thing) -> str:
    return reverse(f"shares.{'video' if isinstance(thing, Video) else 'collection'}", args=[thing.pk])


def _answer(
    request: HttpRequest, thing: Thing, *, form: ShareForm | None = None, opened: ShareLink | None = None
) -> HttpResponse:
    """`form` only if it was refused; `opened` is the link that is unfolded."""
    new, errors = (form, []) if opened is None else (None, form.errors.values() if form else [])
    context = {
        "thing": thing,
        "guest_view": _guest_view(thing),
        "is_binned": isinstance(thing, Video) and thing.binned_at is not None,
        "title": thing.job.title if isinstance(thing, Video) else thing.name,
        "address": _address(thing),
        "back": _back(thing),
        "zone": str(thing.team.zone),
        "link_problem": link_problem(),
        "links": list(_rows(request, thing, opened.pk if opened else access.number(request.GET.get("link")))),
        "form": ShareForm(team=thing.team) if new is None else new,
        "refused": new is not None,
        "errors": errors,
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "sharing/_dialog.html", context)
    return render(request, "sharing/links.html", context, status=422 if form is not None else 200)


def _guest_view(thing: Thing) -> dict[str, object]:
    """How many comments of a video guests can read, and how many they cannot."""
    if isinstance(thing, Collection):
        return {"is_video": False}
    said = thing.comments.filter(deleted_at=None)
    internal = Count("pk", filter=Q(is_internal=True))
    return {"is_video": True, **said.aggregate(comments=Count("pk") - internal, internal=internal)}


def _back(thing: Thing) -> str:
    if isinstance(thing, Collection):
        return f"{reverse('videos.index')}?collection={thing.pk}"
    return reverse("binned.index") if thing.binned_at else reverse("videos.show", args=[thing.pk])


def _rows(request: HttpRequest, thing: Thing, opened: int | None) -> Iterator[dict[str, object]]:
    """Those that are not revoked, the newest first; address and code are empty if it cannot be shown again."""
    leads = Q(video=thing) if isinstance(thing, Video) else Q(collection=thing)
    for link in visible_links(request).filter(leads, revoked_at=None)[:50]:
        url = address_of(reverse("shared.show", args=[link.token])) if link.token else ""
        form = ShareForm(team=link.team, link=link)
        yield {"link": link, "url": url, "code": _code(url) if url else "", "form": form, "is_open": link.pk == opened}


def _code(url: str) -> str:
    """The address as a QR code, dark on white in both themes: cameras expect it so."""
    svg = segno.make(url, error="m").svg_inline(
        border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None
    )
    return mark_safe(svg)  # noqa: S308 (made here, of nothing but squares)
