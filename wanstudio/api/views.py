"""Pages of API tokens: a person's own, created, shown once, revoked; and how the API is used, by example."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables

from wanstudio.api.forms import TokenForm
from wanstudio.api.models import ApiToken
from wanstudio.api.verbs import create_token, revoke_token
from wanstudio.teams import access
from wanstudio.teams.models import Membership
from wanstudio.teams.roles import Act
from wanstudio.web.lookups import form_view, page_and_form_view, page_view


@page_and_form_view
@never_cache
@sensitive_variables("created")
def index(request: HttpRequest) -> HttpResponse:
    """This person's tokens in all of their teams; a POST creates one and shows it, once."""
    is_post, created = request.method == "POST", None
    team = access.team_in(request, Act.TOKENS) if is_post else access.current_team(request)
    form = TokenForm(request.POST if is_post else None, initial={"team": team.pk})
    if form.is_valid():
        mine, data = Membership.objects.get(team=team, user=access.person(request)), form.cleaned_data
        created = create_token(mine, data["name"], data["scope"], form.expires_at)
        form = TokenForm(initial={"team": team.pk})
    context = {
        "form": form,
        "tokens": _own_tokens(request).filter(revoked_at=None),
        "may_create": access.may(request, team, Act.TOKENS),
        "created": created,
    }
    return render(request, "api/tokens.html", context, status=201 if created else 422 if is_post else 200)


def _own_tokens(request: HttpRequest) -> QuerySet[ApiToken]:
    """This person's own, in all of their teams, newest first."""
    mine = ApiToken.objects.filter(membership__user=access.person(request))
    return mine.select_related("membership__team").order_by("-pk")


@form_view
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    token = access.one(_own_tokens(request), pk)
    revoke_token(token)
    messages.success(request, f"“{token.name}” is revoked. What uses it is refused from now on.")
    return redirect("tokens.index")


@page_view
def guide(request: HttpRequest) -> HttpResponse:
    """The API by example, for the address that this person uses."""
    return render(request, "api/guide.html", {"base": request.build_absolute_uri("/api/v1/")})
