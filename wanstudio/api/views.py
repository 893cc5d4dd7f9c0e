"""Pages of API tokens: a person's own, created, shown once, revoked; and how the API is used, by example."""

from datetime import datetime, timedelta

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from wanstudio.api.authentication import create_token, revoke_token
from wanstudio.api.models import REMEMBERED_DAYS, ApiToken
from wanstudio.teams import access
from wanstudio.teams.models import Membership
from wanstudio.teams.roles import Act
from wanstudio.web.addresses import address_of
from wanstudio.web.lookups import form_view, page_and_form_view, page_view

DAYS = [("90", "90 days"), ("30", "30 days"), ("365", "a year"), ("", "never")]


class TokenForm(forms.Form):
    team = forms.IntegerField(widget=forms.HiddenInput)
    name = forms.CharField(
        max_length=60,
        label="What it is for",
        widget=forms.TextInput({"class": "input", "autocomplete": "off", "placeholder": "Nightly renders"}),
        error_messages={"required": "The name tells you later what stops when you revoke it."},
    )
    scope = forms.ChoiceField(
        choices=ApiToken.Scope.choices,
        initial=ApiToken.Scope.READ,
        label="Access",
        widget=forms.Select({"class": "input"}),
    )
    days = forms.ChoiceField(
        choices=DAYS, required=False, initial="90", label="Expires after", widget=forms.Select({"class": "input"})
    )

    @property
    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=int(days)) if days else None


@page_and_form_view
@sensitive_variables("created")
def index(request: HttpRequest) -> HttpResponse:
    """A POST creates a token and shows it, once."""
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
    mine = ApiToken.objects.filter(membership__user=access.person(request))
    return mine.select_related("membership__team").order_by("-pk")


@form_view
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    token = access.one(_own_tokens(request), pk)
    revoke_token(token)
    messages.success(request, f"“{token.name}” is revoked. Requests with it are now refused.")
    return redirect("tokens.index")


@page_view
def guide(request: HttpRequest) -> HttpResponse:
    return render(request, "api/guide.html", {"base": address_of("/api/v1/"), "remembered_days": REMEMBERED_DAYS})
