"""Settings of sign-in: Django's and allauth's, which depend on nothing, and the company's accounts (OpenID Connect)."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from environs import Env, EnvError, ValidationError, validate

from wanstudio.settings_types import is_loopback, positive


@dataclass(frozen=True)
class Company:
    """The company's accounts, by OpenID Connect. `join`: how a person without an account here gets one.

    `role` and `team` (empty: the first) are for those who join by domain; `only_owners`: passwords and passkeys are for
    the owners of the first team alone; a session ends `session_hours` after the company's sign-in.
    """

    issuer: str
    client_id: str
    secret: str = field(repr=False)
    label: str = "your company account"
    join: str = "invitation"
    domains: tuple[str, ...] = ()
    role: str = "viewer"
    team: str = ""
    only_owners: bool = False
    session_hours: float = 12


# How a person gets an account whom no one here knows yet.
JOINS, ROLES = ("invitation", "domain", "never"), ("viewer", "creator", "admin")
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


a_label = validate.Length(max=24, error="it must have at most 24 characters, to fit on a phone's button.")


def is_secure(address: str) -> bool:
    """True over https, and on this machine."""
    parts = urlsplit(address)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(address)))


def an_issuer(value: str) -> None:
    parts = urlsplit(value)
    if value and (not is_secure(value) or parts.username or parts.query or parts.fragment):
        raise ValidationError(
            "it must be the https address of the issuer, such as https://login.example.com/realms/us."
        )


def company(env: Env) -> Company | None:
    """What the settings say about the company's sign-in; None without an issuer."""
    domains: list[str] = env.list("WANSTUDIO_OIDC_DOMAINS", [])
    found = Company(
        issuer=env.str("WANSTUDIO_OIDC_ISSUER", "", validate=an_issuer).strip(),
        client_id=env.str("WANSTUDIO_OIDC_CLIENT_ID", "").strip(),
        secret=env.str("WANSTUDIO_OIDC_CLIENT_SECRET", "").strip(),
        label=env.str("WANSTUDIO_OIDC_LABEL", "", validate=a_label).strip() or Company.label,
        join=env.str("WANSTUDIO_OIDC_JOIN", "invitation", validate=validate.OneOf(JOINS, error="use {choices}.")),
        domains=tuple(filter(None, (name.strip().lower().lstrip("@") for name in domains))),
        role=env.str("WANSTUDIO_OIDC_ROLE", "viewer", validate=validate.OneOf(ROLES, error="use {choices}.")),
        team=env.str("WANSTUDIO_OIDC_TEAM", "").strip(),
        only_owners=env.bool("WANSTUDIO_OIDC_ONLY", False),
        session_hours=env.float("WANSTUDIO_OIDC_SESSION_HOURS", 12.0, validate=positive),
    )
    if not found.issuer:
        if found.client_id or found.secret or found.only_owners:
            raise _refused("ISSUER", "it is empty, but other settings of the company's sign-in are set. Set it, too.")
        return None
    if not found.client_id:
        raise _refused("CLIENT_ID", "it is empty. Set it to the client's id, as the issuer shows it.")
    if any(not _DOMAIN.fullmatch(name) for name in found.domains):
        raise _refused("DOMAINS", "it must be domains such as example.com, with commas between them.")
    if found.join == "domain" and not found.domains:
        raise _refused(
            "DOMAINS", "it is empty, but WANSTUDIO_OIDC_JOIN is domain. Name the domains whose people can join."
        )
    return found


def _refused(name: str, why: str) -> EnvError:
    return EnvError(f'Environment variable "WANSTUDIO_OIDC_{name}" invalid: {why}')


AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
ACCOUNT_ADAPTER = "wanstudio.teams.company_adapter.TeamAccounts"
# In the shared cache, and never by account alone: failing on purpose must not lock out its owner. The key of a
# failed sign-in holds the address it came from (see the adapter).
ACCOUNT_RATE_LIMITS = {
    "login_failed": "20/m/ip,5/5m/key",
    "login": "60/m/ip",
    "reset_password": "10/m/ip,40/h/ip",
    "reset_password_from_key": "20/m/ip",
    "change_password": "10/m/user",
    "reauthenticate": "10/m/user",
    "invite": "30/m/ip,120/h/ip",
    "join": "20/m/ip,100/h/ip",
    "typed_words": "30/m/ip",
    "company": "60/m/ip",
}
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
MFA_ADAPTER = "wanstudio.accounts.allauth_adapter.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "Wan Studio"
MFA_TOTP_TOLERANCE = 1
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "studio.index"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
SESSION_ENGINE, SESSION_COOKIE_AGE = "wanstudio.accounts.session_store", 60 * 60 * 24 * 30
CSRF_COOKIE_HTTPONLY = SESSION_COOKIE_HTTPONLY = True
MESSAGE_STORAGE = "wanstudio.web.host_cookies.Storage"
CSRF_FAILURE_VIEW = "wanstudio.web.way_back.csrf_failure"
SOCIALACCOUNT_ADAPTER = "wanstudio.teams.company_adapter.CompanyAccounts"
# By GET, so that no rule about the targets of forms blocks it; `views/company.py` asks where it comes from.
SOCIALACCOUNT_LOGIN_ON_GET = True
