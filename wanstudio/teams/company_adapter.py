"""Adapters for allauth that know teams: who gets in by the company's sign-in, and who by a password."""

import logging
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from allauth.account.internal.stagekit import clear_login
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.base.constants import AuthError
from django.conf import settings
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from wanstudio.accounts.allauth_adapter import Accounts
from wanstudio.accounts.models import User
from wanstudio.teams.models import Invitation
from wanstudio.teams.words import NotLetIn
from wanstudio.work.leases import Stale

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialLogin

    from wanstudio.accounts.issuer import CompanyProvider

log = logging.getLogger(__name__)


class TeamAccounts(Accounts):
    def pre_login(
        self, request: HttpRequest, user: User, *, signal_kwargs: dict[str, object] | None, **kwargs: object
    ) -> HttpResponse | None:
        from wanstudio.teams.company_joining import owns_studio

        company, by_company = settings.COMPANY, "sociallogin" in (signal_kwargs or {})
        if company and company.only_owners and not by_company and user.is_active and not owns_studio(user):
            clear_login(request)
            return not_let_in(request, NotLetIn.ONLY_COMPANY)
        response: HttpResponse | None = super().pre_login(request, user, signal_kwargs=signal_kwargs, **kwargs)
        return response

    def post_login(
        self, request: HttpRequest, user: User, *, signal_kwargs: dict[str, object] | None, **kwargs: object
    ) -> HttpResponse:
        if settings.COMPANY and "sociallogin" in (signal_kwargs or {}):
            # The issuer says nothing when it disables someone: they are asked again after this time.
            request.session.set_expiry(timezone.now() + timedelta(hours=settings.COMPANY.session_hours))
        response: HttpResponse = super().post_login(request, user, signal_kwargs=signal_kwargs, **kwargs)
        return response


class CompanyAccounts(DefaultSocialAccountAdapter):  # type: ignore[misc]
    def get_provider(self, request: HttpRequest, *args: object, **kwargs: object) -> "CompanyProvider":
        from wanstudio.accounts.issuer import Issuer

        return Issuer(request).get_provider()

    def get_requests_session(self) -> object:
        from wanstudio.accounts.issuer import session

        return session()

    def pre_social_login(self, request: HttpRequest, sociallogin: "SocialLogin") -> None:
        """The nonce binds the ID token to this browser; then the person is found, or let in for the first time."""
        from wanstudio.accounts.issuer import required
        from wanstudio.teams.company_joining import Refused, admit, claimed

        claims, state = sociallogin.claims, sociallogin.state.get("data") or {}
        if not constant_time_compare(str(claims.get("nonce") or ""), str(state.get("nonce") or "-")):
            raise ImmediateHttpResponse(not_let_in(request, NotLetIn.NOT_VALID, "its ID token has another nonce"))
        if sociallogin.is_existing:
            return
        company, account = required(), sociallogin.account
        try:
            admit(company, account, claimed(claims), _invitation_of(sociallogin.state.get("next")))
        except Refused as refused:
            raise ImmediateHttpResponse(not_let_in(request, refused.why)) from None
        except (IntegrityError, Stale):
            raise ImmediateHttpResponse(not_let_in(request, NotLetIn.AGAIN)) from None
        sociallogin.user = account.user

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: object,
        error: str | None = None,
        exception: Exception | None = None,
        extra_context: dict[str, object] | None = None,
    ) -> None:
        """Every one has a page of ours. Without a state it is an old page, or a sign-in that another browser began."""
        if error == AuthError.CANCELLED:
            why = NotLetIn.CANCELLED
        elif "state" not in (extra_context or {}):
            why = NotLetIn.AGAIN
        # As those of `requests` are.
        elif isinstance(exception, OSError):
            why = NotLetIn.AWAY
        else:
            why = NotLetIn.NOT_VALID
        raise ImmediateHttpResponse(not_let_in(request, why, str(exception or request.GET.get("error", ""))[:300]))


def not_let_in(request: HttpRequest, why: NotLetIn, detail: str = "") -> HttpResponse:
    """The page that says why, and what to do. `detail` is for the log: it can be the issuer's own text."""
    log.warning("company sign-in not let in: %s %s", why.name.lower(), detail)
    heading, sentence = why.said(settings.COMPANY.label if settings.COMPANY else "")
    again = {"style": "accent", "verb": ""} if why.can_go_on else {"style": "", "verb": "Try again"}
    context = {"heading": heading, "sentence": sentence, "owners": _owners(why), **again}
    return render(request, "teams/not_let_in.html", context, status=why.status)


def _owners(why: NotLetIn) -> list[str]:
    """Whom to ask: owners of the first team, by name. Their addresses are not for everyone with an account there."""
    if not why.asks_owner:
        return []
    owners = User.objects.filter(memberships__team__is_first=True, memberships__role="owner", is_active=True)
    return [str(one) for one in owners.order_by("pk")[:3]]


def _invitation_of(following: str | None) -> Invitation | None:
    """The invitation whose page this sign-in leads back to."""
    try:
        match = resolve(unquote(urlsplit(following or "/").path))
    except Resolver404:
        return None
    return Invitation.by_token(match.kwargs["token"]) if match.view_name == "invitations.show" else None
