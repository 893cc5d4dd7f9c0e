"""Uploads in pieces from the pages of the studio: by session, for the team of the page."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse

from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.uploads import words
from wanstudio.uploads.views.tus_protocol import answer
from wanstudio.uploads.views.tus_ways import Refused, Way


def _enter(request: HttpRequest) -> None:
    if not request.user.is_authenticated:
        raise Refused(401, words.SIGNED_OUT)


def _team(request: HttpRequest, said: str) -> Team:
    """The team that the metadata name, or the one whose pages are shown; 404 if this person can add nothing there."""
    team = access.teams(request).filter(pk=access.number(said) or 0).first() if said else access.current_team(request)
    if team is None:
        raise Http404("no such team")
    access.require(request, team, Act.MAKE)
    return team


def _say(refused: Refused) -> HttpResponse:
    return HttpResponse(refused.sentence, status=refused.status, content_type="text/plain; charset=utf-8")


_WEB = Way("uploads.part", _enter, _team, _say)


def parts(request: HttpRequest) -> HttpResponse:
    return answer(request, _WEB)


def part(request: HttpRequest, pk: UUID) -> HttpResponse:
    return answer(request, _WEB, pk)
