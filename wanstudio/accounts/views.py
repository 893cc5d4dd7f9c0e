"""One's own account: name, address, password, second factors, and where one is signed in."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from allauth.account.decorators import reauthentication_required
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from wanstudio.accounts.browsers import browser_name
from wanstudio.accounts.forms import EmailForm, NameForm
from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.teams import access
from wanstudio.work.mails import post_mail

_SALT = "wanstudio.email"
EMAIL_LINK_S = 60 * 60
TIED = "Browsers tie a passkey to a name, not to a number."


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """The hub; a POST keeps the name."""
    who = access.person(request)
    form = NameForm(request.POST if request.method == "POST" else None, initial={"name": who.name})
    if request.method == "POST" and form.is_valid():
        User.objects.filter(pk=who.pk).update(name=form.cleaned_data["name"])
        messages.success(request, "Your name is changed.")
        return redirect("account.show")
    context = {"form": form, "memberships": who.memberships.select_related("team").order_by("pk"), **_security(request)}
    return render(request, "accounts/show.html", context, status=422 if form.errors else 200)


def _security(request: HttpRequest) -> dict[str, Any]:
    """The second factors there are, and why a passkey cannot be added here, if so."""
    rows = list(Authenticator.objects.filter(user=access.person(request)).order_by("pk"))
    codes = next((row for row in rows if row.type == Authenticator.Type.RECOVERY_CODES), None)
    return {
        "app": next((row for row in rows if row.type == Authenticator.Type.TOTP), None),
        "passkeys": [row for row in rows if row.type == Authenticator.Type.WEBAUTHN],
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else None,
        "no_passkeys": no_passkeys(request),
    }


def no_passkeys(request: HttpRequest) -> str:
    """Why browsers refuse passkeys at this address, in a sentence; empty where they do not."""
    host = urlsplit("//" + request.get_host()).hostname or ""
    try:
        at_home = ip_address(host).is_loopback
    except ValueError:
        if request.is_secure() or host == "localhost" or host.endswith(".localhost"):
            return ""
        return "Browsers allow passkeys on https only. Whoever runs the studio sets WANSTUDIO_URL to its https address."
    if at_home:
        return f"{TIED} Open the studio as http://localhost:{settings.PORT} for it."
    return f"{TIED} Open the studio by its https name for it."


@login_required
@require_safe
def second_factor(request: HttpRequest) -> HttpResponse:
    """Where who lacks one is led: what the team asks for, and the ways to set it up."""
    asked = access.closed_teams(request)
    team = asked.filter(pk=access.number(request.GET.get("team")) or 0).first() or asked.first()
    if team is None:
        return redirect("account.show")
    return render(request, "accounts/second_factor.html", {"asking": team, **_security(request)})


@login_required
@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    here = request.session.session_key
    if not UserSession.objects.filter(session_key=here).exists():
        # It began before there was a list.
        UserSession.objects.create_from_request(request)
    rows = UserSession.objects.purge_and_list(access.person(request))
    shown = [
        {"row": row, "browser": browser_name(row.user_agent), "here": row.session_key == here}
        for row in sorted(rows, key=lambda row: row.created_at, reverse=True)
    ]
    return render(request, "accounts/sessions.html", {"sessions": sorted(shown, key=lambda one: not one["here"])})


@login_required
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """`session` names one of one's own to end; without it all but this one."""
    mine = UserSession.objects.filter(user=access.person(request)).exclude(session_key=request.session.session_key)
    if "session" in request.POST:
        mine = mine.filter(pk=access.number(request.POST["session"]) or 0)
    ended = [row.end() for row in mine]
    if ended:
        record(act="session.ended", person=access.person(request), about=f"{len(ended)}")
        messages.success(request, f"Signed out in {len(ended)} other place{'' if len(ended) == 1 else 's'}.")
    return redirect("account.sessions")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required  # type: ignore[untyped-decorator]
def email(request: HttpRequest) -> HttpResponse:
    """Another address to sign in with: confirmed by a link to it, or at once where the studio sends no mail."""
    form = EmailForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        context = {"form": form, "sends_mail": bool(settings.EMAIL_URL)}
        return render(request, "accounts/email_change.html", context, status=422 if form.errors else 200)
    who, wanted = access.person(request), form.cleaned_data["email"]
    if not settings.EMAIL_URL:
        return _changed(request, who, wanted)
    if not User.objects.filter(email=wanted).exists():
        _post_link(who, wanted)
    # The same words whether or not the address belongs to somebody here.
    messages.success(request, f"A link is on its way to {wanted}. The address changes when it is followed.")
    return redirect("account.show")


def _post_link(who: User, wanted: str) -> None:
    token = signing.dumps([who.pk, who.email, wanted], salt=_SALT)
    url = settings.LINK_BASE + reverse("account.confirm_email", args=[token])
    text = f"To sign in to Wan Studio with this address, confirm it within an hour:\n\n{url}\n"
    post_mail(to=wanted, subject="Confirm your new address", text=text)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_email(request: HttpRequest, token: str) -> HttpResponse:
    """The link in that mail, for who asked for it. A GET only asks: mail scanners follow links."""
    who = access.person(request)
    try:
        pk, old, wanted = signing.loads(token, salt=_SALT, max_age=EMAIL_LINK_S)
    except signing.BadSignature:
        pk, old, wanted = 0, "", ""
    if (pk, old) != (who.pk, who.email):
        return render(request, "accounts/email_ended.html", status=404)
    if request.method != "POST":
        return render(request, "accounts/email_confirm.html", {"wanted": wanted})
    return _changed(request, who, wanted)


def _changed(request: HttpRequest, who: User, wanted: str) -> HttpResponse:
    try:
        with transaction.atomic():
            changed = User.objects.filter(pk=who.pk, email=who.email).update(email=wanted)
            if changed:
                record(act="email.changed", person=who, about=f"{who.email} → {wanted}")
    except IntegrityError:
        changed = 0
    if changed:
        post_mail(
            to=who.email,
            subject="Your address was changed",
            text=f"You sign in to Wan Studio with {wanted} from now on.\n",
        )
        messages.success(request, f"You sign in with {wanted} from now on.")
    else:
        messages.warning(request, "This address cannot be used here. Nothing was changed.")
    return redirect("account.show")
