"""Uploads in pieces from the pages of the studio: by session, for the team of the page."""

import re
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.uploads import words
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import may_have
from wanstudio.uploads.verbs import bring_back, find_same
from wanstudio.uploads.views.tus_protocol import answer
from wanstudio.uploads.views.tus_ways import Refused, Way
from wanstudio.web.lookups import form_view

_SHA256 = re.compile("[0-9a-f]{64}")


def _enter(request: HttpRequest) -> None:
    if not request.user.is_authenticated:
        raise Refused(401, words.SIGNED_OUT)


def _team(request: HttpRequest, metadata: dict[str, str]) -> Team:
    """The team that the metadata name, or the one whose pages are shown; 404 if this person can add nothing there.

    They name the person of the page, too: who signs in meanwhile in another tab sends nothing from it.
    """
    said, who = metadata.get("team", ""), access.person(request)
    if metadata.get("person", str(who.pk)) != str(who.pk):
        raise Refused(401, words.SIGNED_OUT)
    team = access.teams(request).filter(pk=access.number(said) or 0).first() if said else access.current_team(request)
    if team is None:
        raise Http404("no such team")
    access.require(request, team, Act.MAKE)
    return team


def _say(refused: Refused) -> HttpResponse:
    return HttpResponse(refused.sentence, status=refused.status, content_type="text/plain; charset=utf-8")


@form_view
def known(request: HttpRequest) -> JsonResponse:
    """Whether a file need not be sent: `maybe`, the team has one of this size; `same`, the id of one of these bytes.

    A member can see all that a team has; nothing is said of other teams. What is in the bin comes back.
    """
    team, asked = access.team_in(request, Act.MAKE), request.POST
    kind, size = asked.get("kind", ""), access.number(asked.get("size"))
    is_kind = kind in Source.Kind.values
    if not (sha256 := asked.get("sha256", "").lower()):
        return JsonResponse({"maybe": is_kind and may_have(team, kind, size or 0)})
    # Nothing else reaches the database: PostgreSQL refuses a NUL.
    same = find_same(team, kind, sha256) if is_kind and _SHA256.fullmatch(sha256) else None
    return JsonResponse({"same": bring_back(same, access.person(request)).pk if same else None})


_WEB = Way("uploads.part", _enter, _team, _say)


def parts(request: HttpRequest) -> HttpResponse:
    return answer(request, _WEB)


def part(request: HttpRequest, pk: UUID) -> HttpResponse:
    return answer(request, _WEB, pk)
