"""Pages of a guest, while the link is open: its password, the video or collection, files and comments."""

from datetime import timedelta
from http import HTTPStatus

from django.contrib.auth.hashers import check_password
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import localtime
from django.views.decorators.http import require_safe

from wanstudio.review.forms import GuestForm
from wanstudio.review.queries import comments_of, review_of
from wanstudio.review.verbs import Guest, add_comment
from wanstudio.review.views import refused, unchanged
from wanstudio.review.words import TOO_MANY_COMMENTS
from wanstudio.sharing import guest_access, words
from wanstudio.sharing.models import ShareLink
from wanstudio.sharing.queries import Closed, shared, shared_count, shared_page, shared_video
from wanstudio.teams import access
from wanstudio.videos.frame_measuring import measure_missing
from wanstudio.videos.models import Video, seconds_of
from wanstudio.videos.queries import StoredVideo
from wanstudio.videos.views.video_page import send_video
from wanstudio.web.addresses import address_of
from wanstudio.web.file_answers import send
from wanstudio.web.typed_words import keep
from wanstudio.web.way_back import send_away


@require_safe
def show(request: HttpRequest, token: str) -> HttpResponse:
    try:
        link = shared(request, token)
    except Closed as closed:
        return _ask(request, closed.link, token) if closed.is_locked else _ended(request, closed.link)
    if link.kind == ShareLink.Kind.VIDEO:
        watched = link.videos().first()
        return _watch(request, link, token, watched) if watched else _ended(request, link)
    before = access.number(request.GET.get("before"))
    videos, following = shared_page(link, before)
    context = _context(request, link, token) | {"videos": videos, "next": following, "before": before}
    if request.htmx and before:  # type: ignore[attr-defined]
        return render(request, "sharing/_tiles.html", context)
    context |= {"count": shared_count(link), "preview": videos[0] if videos else None}
    return guest_access.note_visit(request, render(request, "sharing/collection.html", context), link, token)


@require_safe
def video(request: HttpRequest, token: str, pk: int) -> HttpResponse:
    try:
        link, watched = shared_video(request, token, pk)
    except Closed as closed:
        return redirect("shared.show", token) if closed.is_locked else _ended(request, closed.link)
    return _watch(request, link, token, watched)


def _watch(request: HttpRequest, link: ShareLink, token: str, watched: Video) -> HttpResponse:
    measure_missing([watched])
    context = _context(request, link, token) | {"video": watched, "job": watched.job, "preview": watched}
    context["at"] = seconds_of(request.GET.get("t", ""))
    context["player"] = guest_access.player_address(request, link, token, watched.pk)
    if link.may_comment:
        context["review"] = review_of(watched, for_guests=True)
    return guest_access.note_visit(request, render(request, "sharing/show.html", context), link, token)


def _context(request: HttpRequest, link: ShareLink, token: str) -> dict[str, object]:
    return {
        "link": link,
        "token": token,
        "host": link.team,
        # The last day on which it is open, in the team's zone: an end at midnight is the end of the day before.
        "until": link.expires_at and localtime(link.expires_at - timedelta(seconds=1), link.team.zone),
        "this_year": localtime(timezone=link.team.zone).year,
        "origin": address_of(""),
    }


def _ended(request: HttpRequest, link: ShareLink) -> HttpResponse:
    """The maker is named only for a genuine token."""
    return render(request, "sharing/ended.html", {"host": link.team}, status=HTTPStatus.NOT_FOUND)


def _ask(request: HttpRequest, link: ShareLink, token: str, wrong: str = "", status: int = 200) -> HttpResponse:
    context = {"host": link.team, "token": token, "wrong": wrong}
    return render(request, "sharing/password.html", context, status=status)


@guest_access.guest_post
def unlock(request: HttpRequest, token: str) -> HttpResponse:
    """The `password`. A guess is counted before it is checked; without one left it is not checked."""
    try:
        shared(request, token)
        return redirect("shared.show", token)
    except Closed as closed:
        link = closed.link
        if not closed.is_locked:
            return _ended(request, link)
    if not guest_access.may_guess(request, link):
        return _ask(request, link, token, words.TOO_MANY_GUESSES, HTTPStatus.TOO_MANY_REQUESTS)
    if not check_password(request.POST.get("password", ""), link.password):
        return _ask(request, link, token, words.WRONG_PASSWORD, HTTPStatus.FORBIDDEN)
    guest_access.return_guesses(request, link)
    response = redirect("shared.show", token)
    guest_access.set_cookie(response, guest_access.UNLOCKED, link, token, link.unlock_mark)
    return response


@require_safe
def file(request: HttpRequest, token: str, pk: int) -> HttpResponseBase:
    """The video itself, asked about with every range; where guests cannot download, for the player of a visit alone."""
    link, found = shared_video(request, token, pk)
    is_copy = "download" in request.GET
    if not link.may_download and (is_copy or not guest_access.may_play(request, link, pk)):
        context = {"host": link.team, "token": token, "video": found, "link": link}
        return render(request, "sharing/page_only.html", context, status=HTTPStatus.NOT_FOUND)
    # A link to the bucket could be copied: it is for guests who can download.
    return send_video(request, StoredVideo.of(found), attachment=is_copy, by_link=link.may_download)


@require_safe
def poster(request: HttpRequest, token: str, pk: int) -> HttpResponseBase:
    """Chat apps that draw a preview in the reader's browser can show it, unless it takes a password."""
    link, found = shared_video(request, token, pk)
    response = send(request, str(found.poster.name), found.archived_at, "poster.jpg")
    if not link.password:
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Shared links can be fetched, for their previews; their answers forbid indexing."""
    return HttpResponse("User-agent: *\nAllow: /s/\nAllow: /static/\nDisallow: /\n", content_type="text/plain")


@require_safe
def comments(request: HttpRequest, token: str, pk: int) -> HttpResponse:
    """The comments alone; 204 if nothing has changed since what was `seen`."""
    link, found = _open(request, token, pk)
    return unchanged(request, found, for_guests=True) or _fragment(request, link, token, found)


@guest_access.guest_post
def comment(request: HttpRequest, token: str, pk: int) -> HttpResponse:
    """`name`, `text`, and `at` and `until`, or the comment that it answers (`parent`)."""
    try:
        link, found = _open(request, token, pk)
    except Closed as closed:
        if not closed.is_locked:
            raise
        if request.htmx:  # type: ignore[attr-defined]
            return send_away(request, reverse("shared.show", args=[token]), words.LOCKED_AGAIN)
        answer = _ask(request, closed.link, token, words.LOCKED_AGAIN, HTTPStatus.FORBIDDEN)
        keep(request, answer)
        return answer
    parent, refusal = None, None
    if named := request.POST.get("parent"):
        said = comments_of(found, for_guests=True).filter(deleted_at=None).select_related("parent")
        parent = access.one(said, access.number(named) or 0)
    form = GuestForm(request.POST)
    if not form.is_valid():
        refusal = refused(request, form.wrong)
    elif not guest_access.may_comment(request, link):
        refusal = refused(request, TOO_MANY_COMMENTS, HTTPStatus.TOO_MANY_REQUESTS)
    else:
        add_comment(found, form.said(parent), Guest(form.cleaned_data["name"], link.pk))
    if refusal or request.htmx:  # type: ignore[attr-defined]
        return refusal or _fragment(request, link, token, found)
    if link.kind == ShareLink.Kind.VIDEO:
        return redirect("shared.show", token)
    return redirect("shared.video", token, found.pk)


def _open(request: HttpRequest, token: str, pk: int) -> tuple[ShareLink, Video]:
    link, found = shared_video(request, token, pk)
    if not link.may_comment:
        raise Http404("no comments here")
    return link, found


def _fragment(request: HttpRequest, link: ShareLink, token: str, found: Video) -> HttpResponse:
    context = {"link": link, "token": token, "video": found, "review": review_of(found, for_guests=True)}
    return render(request, "sharing/_said.html", context)
