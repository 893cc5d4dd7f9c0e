"""Guest comments under a shared video, where its link allows them: with a name, and nothing more."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from wanstudio.review.forms import GuestForm
from wanstudio.review.models import Comment
from wanstudio.review.queries import review_of
from wanstudio.review.verbs import Guest, add_comment
from wanstudio.review.views.review_panel import unchanged
from wanstudio.review.words import TOO_MANY_COMMENTS
from wanstudio.sharing.guest_access import guest_post, may_comment
from wanstudio.sharing.models import ShareLink
from wanstudio.sharing.queries import SharedVideo, shared_video
from wanstudio.teams import access


@require_safe
def show(request: HttpRequest, token: str, pk: int) -> HttpResponse:
    """The comments alone; 204 if nothing has changed since what was `seen`."""
    found = _open(request, token, pk)
    return unchanged(request, found.video) or _fragment(request, found, token)


@guest_post
def add(request: HttpRequest, token: str, pk: int) -> HttpResponse:
    """`name`, `text`, and `at` and `until`, or the comment that it answers (`parent`)."""
    found = _open(request, token, pk)
    parent = None
    if named := request.POST.get("parent"):
        said = Comment.objects.filter(video=found.video, deleted_at=None).select_related("parent")
        parent = access.one(said, access.number(named) or 0)
    form = GuestForm(request.POST)
    if not form.is_valid():
        return _refused(request, found, token, form.wrong, HTTPStatus.UNPROCESSABLE_ENTITY)
    if not may_comment(request, found.link):
        return _refused(request, found, token, TOO_MANY_COMMENTS, HTTPStatus.TOO_MANY_REQUESTS)
    add_comment(found.video, form.said(parent), Guest(form.cleaned_data["name"], found.link.pk))
    return _answer(request, found, token)


def _open(request: HttpRequest, token: str, pk: int) -> SharedVideo:
    found = shared_video(request, token, pk)
    if not found.link.may_comment:
        raise Http404("no comments here")
    return found


def _fragment(request: HttpRequest, found: SharedVideo, token: str) -> HttpResponse:
    context = {"link": found.link, "token": token, "video": found.video, "review": review_of(found.video)}
    return render(request, "sharing/_said.html", context)


def _answer(request: HttpRequest, found: SharedVideo, token: str) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        return _fragment(request, found, token)
    if found.link.kind == ShareLink.Kind.VIDEO:
        return redirect("shared.show", token)
    return redirect("shared.video", token, found.video.pk)


def _refused(request: HttpRequest, found: SharedVideo, token: str, wrong: str, status: HTTPStatus) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(wrong, status=status, content_type="text/plain")
    messages.error(request, wrong)
    return _answer(request, found, token)
