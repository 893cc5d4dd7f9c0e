"""Authentication by token, never by session. A token may do what its person may do in the pages, or less."""

from typing import cast

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from ninja.security import HttpBearer

from wanstudio.api.models import ApiToken
from wanstudio.api.problems import Problem
from wanstudio.api.verbs import count_call, digest_of
from wanstudio.jobs.models import Job
from wanstudio.jobs.queries import visible_jobs
from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import visible_sources
from wanstudio.videos.models import Video
from wanstudio.videos.queries import visible_videos

NO_FACTOR = "This team asks for a second factor, and you have none. Set one up in your account first."


class TokenAuth(HttpBearer):
    """The person of the token is who asks, in the token's team alone."""

    def __call__(self, request: HttpRequest) -> ApiToken | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        return self.authenticate(request, secret.strip()) if scheme.lower() == "bearer" else None

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        # Looked up by its hash: how long that takes says nothing of the secret.
        living = ApiToken.living().filter(digest=digest_of(token))
        found = living.select_related("membership__team", "membership__user").first()
        if found is None:
            return None
        if wait_s := count_call(found, settings.API_CALLS_A_MINUTE):
            raise Problem(
                429,
                "too-many",
                f"More than {settings.API_CALLS_A_MINUTE} calls in a minute. Go on after the seconds in Retry-After.",
                {"Retry-After": str(round(wait_s))},
            )
        # Whoever a browser's cookie names has no say here.
        request.user = found.membership.user
        team = found.membership.team
        access.show_as(request, team)
        if team.needs_second_factor and not access.has_factor(request):
            raise Problem(403, "forbidden", NO_FACTOR)
        if not access.may(request, team, Act.TOKENS):
            raise Problem(403, "forbidden", "Your role in this team may not use the API. An owner can change it.")
        return found


def token(request: HttpRequest) -> ApiToken:
    return cast(ApiToken, request.auth)  # type: ignore[attr-defined]


def team(request: HttpRequest) -> Team:
    return token(request).membership.team


def require_make(request: HttpRequest) -> None:
    if token(request).scope != ApiToken.Scope.MAKE:
        raise Problem(403, "forbidden", "This token only reads. Draw one that may make videos.")
    if not access.may(request, team(request), Act.MAKE):
        raise Problem(403, "forbidden", "Your role in this team may not make videos. An owner can change it.")


def jobs(request: HttpRequest) -> QuerySet[Job]:
    return visible_jobs(request).filter(team=team(request)).prefetch_related("videos")


def videos(request: HttpRequest) -> QuerySet[Video]:
    return visible_videos(request).filter(job__team=team(request))


def sources(request: HttpRequest) -> QuerySet[Source]:
    return visible_sources(request, team(request))
