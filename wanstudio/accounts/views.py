"""A person's own account: name, address, second factors, and the places where they are signed in."""

from allauth.account.decorators import reauthentication_required
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from wanstudio.accounts import words
from wanstudio.accounts.forms import EmailForm, NameForm
from wanstudio.accounts.models import User
from wanstudio.accounts.queries import person, second_factors
from wanstudio.accounts.verbs import ask_to_confirm, change_email, confirmed_email
from wanstudio.activity.verbs import record
from wanstudio.web.lookups import form_view, number, page_and_form_view, page_view


@page_and_form_view
def show(request: HttpRequest) -> HttpResponse:
    who = person(request)
    form = NameForm(request.POST if request.method == "POST" else None, initial={"name": who.name})
    if request.method == "POST" and form.is_valid():
        User.objects.filter(pk=who.pk).update(name=form.cleaned_data["name"])
        messages.success(request, words.NAME_CHANGED)
        return redirect("account.show")
    memberships = who.memberships.select_related("team").order_by("pk")
    context = {"form": form, "memberships": memberships, **factors_context(request)}
    return render(request, "accounts/show.html", context, status=422 if form.errors else 200)


def factors_context(request: HttpRequest) -> dict[str, object]:
    """For `_factors.html`: the second factors there are, and why a passkey cannot be added here, if so."""
    return {**second_factors(person(request)), "no_passkeys": words.no_passkeys(request)}


@page_view
def sessions(request: HttpRequest) -> HttpResponse:
    here = request.session.session_key
    if not UserSession.objects.filter(session_key=here).exists():
        # It began before there was a list.
        UserSession.objects.create_from_request(request)
    rows = UserSession.objects.purge_and_list(person(request))
    shown = [
        {"row": row, "browser": words.browser_name(row.user_agent), "here": row.session_key == here}
        for row in sorted(rows, key=lambda row: (row.session_key == here, row.created_at), reverse=True)
    ]
    return render(request, "accounts/sessions.html", {"sessions": shown})


@form_view
def sign_out(request: HttpRequest) -> HttpResponse:
    """`session` names one of one's own to end; without it all but this one."""
    mine = UserSession.objects.filter(user=person(request)).exclude(session_key=request.session.session_key)
    if "session" in request.POST:
        mine = mine.filter(pk=number(request.POST["session"]) or 0)
    ended = [row.end() for row in mine]
    if ended:
        record("session.ended", person=person(request), about=f"{len(ended)}")
        messages.success(request, words.signed_out(len(ended)))
    return redirect("account.sessions")


@page_and_form_view
@reauthentication_required  # type: ignore[untyped-decorator]
def email(request: HttpRequest) -> HttpResponse:
    """Another address to sign in with: confirmed by a link to it, or at once where the studio sends no mail."""
    form = EmailForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        context = {"form": form, "sends_mail": bool(settings.EMAIL_URL)}
        return render(request, "accounts/email_change.html", context, status=422 if form.errors else 200)
    new = form.cleaned_data["email"]
    if not settings.EMAIL_URL:
        return _change(request, new)
    ask_to_confirm(person(request), new)
    # The same words whether or not the address has an account here.
    messages.success(request, words.LINK_SENT.format(email=new))
    return redirect("account.show")


@page_and_form_view
def confirm_email(request: HttpRequest, token: str) -> HttpResponse:
    """The link in that mail, for who asked for it. A GET only asks: mail scanners follow links."""
    new = confirmed_email(person(request), token)
    if new is None:
        return render(request, "accounts/email_ended.html", status=404)
    if request.method != "POST":
        return render(request, "accounts/email_confirm.html", {"email": new})
    return _change(request, new)


def _change(request: HttpRequest, new: str) -> HttpResponse:
    if change_email(person(request), new):
        messages.success(request, words.ADDRESS_CHANGED.format(email=new))
    else:
        messages.warning(request, words.ADDRESS_TAKEN)
    return redirect("account.show")
