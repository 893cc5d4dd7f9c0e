"""Uploads in pieces by token: the same protocol as the studio's pages speak, for the token's team."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from wanstudio.api import authentication as tokens
from wanstudio.api.problems import UNAUTHORIZED, Problem
from wanstudio.api.problems import answer as say
from wanstudio.uploads.views.tus_protocol import answer
from wanstudio.uploads.views.tus_ways import Refused, Way


def _enter(request: HttpRequest) -> None:
    """The person of the token asks. Only a new upload counts as a call: a slow line can need hundreds of pieces."""
    try:
        token = tokens.TokenAuth(counts=request.method == "POST")(request)
        if token is None:
            raise Problem(401, "unauthorized", UNAUTHORIZED, {"WWW-Authenticate": "Bearer"})
        request.auth = token  # type: ignore[attr-defined]
        tokens.require_make(request)
    except Problem as problem:
        raise Refused(problem.status, str(problem), **problem.headers) from None


def _say(refused: Refused) -> HttpResponse:
    kind = {401: "unauthorized", 403: "forbidden", 404: "not-found", 429: "too-many"}.get(refused.status, "invalid")
    return say(Problem(refused.status, kind, refused.sentence))


_API = Way("api.part", _enter, lambda request, _: tokens.team(request), _say, only=tokens.team)


@csrf_exempt
def parts(request: HttpRequest) -> HttpResponse:
    return answer(request, _API)


@csrf_exempt
def part(request: HttpRequest, pk: UUID) -> HttpResponse:
    return answer(request, _API, pk)
