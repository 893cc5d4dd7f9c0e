"""Addresses of a person's own account, and of allauth's pages."""

from django.urls import include, path
from django.views.generic import RedirectView

from wanstudio.accounts import views

urlpatterns = [
    path("account/", views.show, name="account.show"),
    path("account/email/", views.email, name="account.email"),
    path("account/email/<str:token>/", views.confirm_email, name="account.confirm_email"),
    path("account/sessions/", views.sessions, name="account.sessions"),
    path("account/sessions/sign-out/", views.sign_out, name="account.sign_out"),
    # Pages of allauth that ours replace: its addresses, its list of factors.
    path("accounts/email/", RedirectView.as_view(pattern_name="account.show")),
    path("accounts/signup/", RedirectView.as_view(pattern_name="account_login")),
    # People without a password sign in with the company's account.
    path("accounts/password/set/", RedirectView.as_view(pattern_name="account.show")),
    path("accounts/2fa/", RedirectView.as_view(pattern_name="account.show")),
    path("accounts/2fa/webauthn/", RedirectView.as_view(pattern_name="account.show")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/", include("allauth.account.urls")),
]
