"""The setup page: the owner and the first team are made here, once."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare

from wanstudio.accounts.allauth_adapter import sign_in
from wanstudio.accounts.models import User
from wanstudio.teams import words
from wanstudio.teams.first_run import code_file, is_local, setup_code
from wanstudio.teams.forms import SetupForm
from wanstudio.teams.verbs import AlreadySetUp, found_studio
from wanstudio.web.studio_checks import studio_checks


def setup(request: HttpRequest) -> HttpResponse:
    """The form that makes the owner and the team, and signs in."""
    if User.objects.exists():
        return redirect("studio.index")
    ask_code = not is_local(request)
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
        owner = found_studio(team=data["team_name"], name=data["name"], email=data["email"], password=data["password"])
    except AlreadySetUp:
        return redirect("account_login")
    sign_in(request, owner)
    code_file().unlink(missing_ok=True)
    return redirect("studio.index")
