"""Invitations: made, revoked and accepted; and the setup page, which makes the first owner and team, once."""

from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_http_methods

from wanstudio.accounts.allauth_adapter import sign_in
from wanstudio.accounts.models import User
from wanstudio.teams import access, verbs, words
from wanstudio.teams.company_adapter import not_let_in
from wanstudio.teams.forms import InviteForm, JoinForm, SetupForm
from wanstudio.teams.gate import code_file, is_local, print_code, setup_code
from wanstudio.teams.models import Invitation, Team
from wanstudio.teams.queries import visible_invitations
from wanstudio.teams.roles import Act, roles_to_invite
from wanstudio.teams.views.members import team_context
from wanstudio.web.lookups import form_view
from wanstudio.web.studio_checks import studio_checks
from wanstudio.work.leases import Stale

MAX_PENDING = 100


@form_view
def create(request: HttpRequest) -> HttpResponse:
    """A link, and a mail with it where an address is named and the studio sends mail. The page shows it then."""
    team = access.team_in(request, Act.INVITE)
    if not ratelimit.consume(request, action="invite"):
        return render(request, "429.html", status=429)
    form = InviteForm(request.POST, roles=roles_to_invite(access.role(request, team)))
    if form.is_valid():
        _refuse(form, team)
    if form.errors:
        return render(request, "teams/show.html", team_context(request, team, form), status=422)
    made = verbs.invite(team, form.cleaned_data["role"], form.cleaned_data["email"], access.person(request))
    return redirect(f"{reverse('team.show')}?invited={made.pk}#invitations")


def _refuse(form: InviteForm, team: Team) -> None:
    email = form.cleaned_data["email"]
    if email and team.members.filter(email=email).exists():
        form.add_error("email", words.IN_ALREADY)
    elif Invitation.pending().filter(team=team).count() >= MAX_PENDING:
        form.add_error(None, words.TOO_MANY_OPEN.format(limit=MAX_PENDING))


@form_view
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = access.mine_to(request, Act.INVITE, visible_invitations(request), pk)
    verbs.revoke(invitation, by=access.person(request))
    messages.success(request, words.REVOKED)
    return redirect("team.show")


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, token: str) -> HttpResponse:
    """Join: with one click for who is signed in, with a new account or a sign-in for everyone else."""
    invitation = Invitation.by_token(token)
    if invitation is None:
        return render(request, "teams/ended.html", status=404)
    if request.method == "POST" and not ratelimit.consume(request, action="join"):
        return render(request, "429.html", status=429)
    who = request.user
    try:
        return _join(request, invitation, who) if isinstance(who, User) else _sign_up(request, invitation)
    except (Stale, IntegrityError):
        return render(request, "teams/ended.html", status=404)


def _join(request: HttpRequest, invitation: Invitation, who: User) -> HttpResponse:
    if invitation.team.members.filter(pk=who.pk).exists():
        access.remember(request, invitation.team)
        return redirect("studio.index")
    if request.method != "POST" or not invitation.is_for(who):
        return render(request, "teams/join.html", {"invitation": invitation, "fits": invitation.is_for(who)})
    verbs.accept(invitation, who)
    return _welcome(request, invitation.team)


def _sign_up(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """A new account in the team: of two at once one is in, the other has no account."""
    form = JoinForm(request.POST if request.method == "POST" else None, email=invitation.email)
    if settings.COMPANY and settings.COMPANY.only_owners and request.method == "POST":
        # An account with a password could not sign in again.
        return not_let_in(request, words.NotLetIn.ONLY_COMPANY)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            who = verbs.join(invitation, data["name"], data["email"], data["password"])
        except IntegrityError:
            form.add_error(None, words.KNOWN_ADDRESS)
        else:
            sign_in(request, who)
            return _welcome(request, invitation.team)
    known = bool(invitation.email) and User.objects.filter(email=invitation.email).exists()
    context = {"invitation": invitation, "form": form, "known": known}
    return render(request, "teams/sign_up.html", context, status=422 if form.errors else 200)


def _welcome(request: HttpRequest, team: Team) -> HttpResponse:
    access.remember(request, team)
    messages.success(request, words.WELCOME.format(team=team))
    return redirect("studio.index")


def setup(request: HttpRequest) -> HttpResponse:
    """The form that makes the owner and the team, and signs in."""
    if User.objects.exists():
        return redirect("studio.index")
    if ask_code := not is_local(request):
        print_code()
    form = SetupForm(request.POST or None, ask_code=ask_code)
    if request.method == "POST" and form.is_valid():
        if ask_code and not constant_time_compare(form.cleaned_data["code"].strip(), setup_code()):
            form.add_error("code", words.WRONG_CODE)
        else:
            return _found(request, form)
    context = {"form": form, "ask_code": ask_code, "checks": [] if ask_code else studio_checks()}
    return render(request, "teams/setup.html", context, status=422 if form.errors else 200)


def _found(request: HttpRequest, form: SetupForm) -> HttpResponse:
    data = form.cleaned_data
    try:
        owner = verbs.found_studio(
            team=data["team_name"], name=data["name"], email=data["email"], password=data["password"]
        )
    except verbs.AlreadySetUp:
        return redirect("account_login")
    sign_in(request, owner)
    code_file().unlink(missing_ok=True)
    return redirect("studio.index")
