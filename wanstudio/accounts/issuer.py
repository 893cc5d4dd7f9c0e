"""The company's issuer (OpenID Connect): one exchange of messages over allauth's flow, with every answer checked.

allauth does state, PKCE and the exchange of the code. Added here: a nonce, the signature and the issuer of the ID
token, and requests that end in time whatever the issuer does. Its address is the owner's setting, so it can be private.
"""

import hashlib
import re
import secrets
from functools import cached_property
from threading import BoundedSemaphore
from typing import Any

import jwt
import requests
from allauth.account.utils import get_next_redirect_url
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error as OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from requests import RequestException as RequestException
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from wanstudio.media.exchange import Broken, Deadline, Request, exchange
from wanstudio.media.targets import Reach
from wanstudio.settings_sign_in import Company, is_secure
from wanstudio.web.addresses import address_of

ANSWERS_WITHIN_S = 5.0
MAX_ANSWER_BYTES = 256 * 1024
# Signatures that only the issuer can make; with the shared ones (HS256), a public key would do.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
CLOCKS_DIFFER_S = 30
MAX_SUB_LENGTH = 191
# An object of the issuer's, as it was sent.
Said = dict[str, Any]
# An issuer that hangs must leave threads of the web process for the pages.
_at_once = BoundedSemaphore(4)


def required() -> Company:
    """The company's accounts as they are set; 404 without."""
    if settings.COMPANY is None:
        raise Http404("no company's sign-in")
    return settings.COMPANY


class Transport(BaseAdapter):
    """Requests that follow no redirect, take nothing from the environment, and end in time and at a size."""

    def send(self, request: requests.PreparedRequest, *args: object, **kwargs: object) -> requests.Response:
        if not is_secure(request.url or ""):
            raise requests.exceptions.InvalidURL("the issuer names an address without https")
        body = request.body.encode() if isinstance(request.body, str) else request.body
        headers = {name: _text(value) for name, value in request.headers.items() if name.lower() != "connection"}
        asked = Request(request.url or "", headers, body, max_answer_bytes=MAX_ANSWER_BYTES)
        if not _at_once.acquire(timeout=ANSWERS_WITHIN_S):
            raise requests.ConnectionError("too many people are signing in now")
        try:
            answer = exchange(asked, Deadline(ANSWERS_WITHIN_S, ANSWERS_WITHIN_S), Reach())
        finally:
            _at_once.release()
        if isinstance(answer, Broken):
            raise requests.ConnectionError(str(answer.error) or type(answer.error).__name__)
        response = requests.Response()
        response.status_code, response._content, response.url = answer.status, answer.body, request.url or ""
        response.headers = CaseInsensitiveDict({"Content-Type": "", **answer.headers})
        response.request = request
        return response

    def close(self) -> None:
        """Each request has a separate connection."""


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def session() -> requests.Session:
    made = requests.Session()
    made.trust_env, made.max_redirects = False, 0
    for scheme in ("https://", "http://"):
        made.mount(scheme, Transport())
    return made


class CompanyProvider(OpenIDConnectProvider):  # type: ignore[misc]
    pkce_enabled_default = True

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, object]:
        """Of the request only `next` counts: allauth would take scope and parameters from the address, too."""
        return {"process": AuthProcess.LOGIN, "next_url": get_next_redirect_url(request)}

    def redirect(self, request: HttpRequest, process: str, next_url: str | None = None) -> HttpResponse:
        nonce = secrets.token_urlsafe(24)
        sent = {"nonce": nonce}
        response: HttpResponse = super().redirect(request, process, next_url, sent, auth_params=sent.copy())
        return response

    def extract_uid(self, data: Said) -> str:
        return str(data["sub"])

    def extract_extra_data(self, data: Said) -> Said:
        """Nothing is kept of what the issuer says about a person but the `sub`."""
        return {}

    def extract_common_fields(self, data: Said) -> Said:
        return {}

    def extract_email_addresses(self, data: Said) -> list[object]:
        return []


class Issuer(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """One exchange with the issuer. An answer that is not right is an OAuth2Error, or an exception of `requests`."""

    def __init__(self, request: HttpRequest) -> None:
        self.company = required()
        super().__init__(request, account_provider(self.company))

    def get_provider(self) -> CompanyProvider:
        app = SocialApp(provider=CompanyProvider.id, provider_id=self.provider_id, name=self.company.label)
        app.client_id, app.secret = self.company.client_id, self.company.secret
        provider = CompanyProvider(self.request, app=app)
        provider.oauth2_adapter_class = lambda *args: self
        return provider

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        path = reverse("company.callback")
        return address_of(path)

    @cached_property
    def openid_config(self) -> Said:
        config = _fetch(f"{self.company.issuer.rstrip('/')}/.well-known/openid-configuration")
        if str(config.get("issuer")).rstrip("/") != self.company.issuer.rstrip("/"):
            raise OAuth2Error(f"it calls itself {str(config.get('issuer'))[:200]}")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not isinstance(config.get(name), str) or not is_secure(config[name]):
                raise OAuth2Error(f"it names no secure {name}")
        return config

    @property
    def basic_auth(self) -> bool:
        methods = self.openid_config.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return bool(self.company.secret) and "client_secret_post" not in methods

    def get_access_token_data(self, *args: object, **kwargs: object) -> Said:
        try:
            answer = super().get_access_token_data(*args, **kwargs)
        except OAuth2Error as refused:
            # The rest of the answer could hold secrets.
            named = re.search(r'"error"\s*:\s*"([\w.-]{1,60})"', str(refused))
            raise OAuth2Error(f"it refused the code: {named[1] if named else 'without a reason'}") from None
        except (TypeError, ValueError, KeyError) as wrong:
            raise OAuth2Error("its answer to the code cannot be read") from wrong
        if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str):
            raise OAuth2Error("its answer to the code has no token")
        return answer

    def parse_token(self, data: Said) -> SocialToken:
        return SocialToken(token=data["access_token"])

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, *, response: Said
    ) -> SocialLogin:
        claims = self._checked(response.get("id_token"))
        userinfo = self.openid_config.get("userinfo_endpoint")
        if "email" not in claims and isinstance(userinfo, str):
            # Some issuers keep the address out of the ID token.
            more = _fetch(userinfo, {"Authorization": f"Bearer {token.token}"})
            if more.get("sub") != claims["sub"]:
                raise OAuth2Error("it answered about another person")
            claims = {**more, **claims}
        login = self.get_provider().sociallogin_from_response(request, claims)
        login.claims = claims
        return login

    def _checked(self, id_token: object) -> Said:
        """The claims of an ID token that this issuer has signed for this client, and that is valid now."""
        if not isinstance(id_token, str):
            raise OAuth2Error("its answer has no ID token")
        try:
            head = jwt.get_unverified_header(id_token)
            # Fetched at each sign-in: the keys that the issuer has now, after any rotation.
            keys = jwt.PyJWKSet.from_dict(_fetch(self.openid_config["jwks_uri"])).keys
            fitting = [key for key in keys if head.get("kid") in (None, key.key_id) and key.public_key_use != "enc"]
            if not fitting:
                raise OAuth2Error("its ID token is signed with a key that it does not publish")
            claims = self._decoded(id_token, fitting)
        except (jwt.PyJWTError, TypeError, AttributeError) as wrong:
            raise OAuth2Error(f"its ID token is not valid: {type(wrong).__name__}") from wrong
        if claims.get("azp", self.company.client_id) != self.company.client_id:
            raise OAuth2Error("its ID token is for another client")
        if not 0 < len(str(claims["sub"])) <= MAX_SUB_LENGTH:
            raise OAuth2Error("it names no person, or the name is too long")
        return claims

    def _decoded(self, id_token: str, keys: list[jwt.PyJWK]) -> Said:
        """By the first of these keys that has signed it: a token need not name its key."""
        for key in keys:
            try:
                claims: Said = jwt.decode(
                    id_token,
                    key,
                    algorithms=ALGORITHMS,
                    audience=self.company.client_id,
                    issuer=self.openid_config["issuer"],
                    leeway=CLOCKS_DIFFER_S,
                    options={"require": ["iss", "sub", "aud", "exp", "iat"]},
                )
                return claims
            except (jwt.InvalidSignatureError, jwt.InvalidKeyError):
                if key is keys[-1]:
                    raise
        raise jwt.InvalidTokenError


def account_provider(company: Company) -> str:
    """The name under which accounts of this issuer and this client are kept: a `sub` means a person only there."""
    return hashlib.sha256(f"{company.issuer.rstrip('/')} {company.client_id}".encode()).hexdigest()[:40]


def _fetch(url: str, headers: dict[str, str] | None = None) -> Said:
    with session() as made:
        response = made.get(url, headers={"Accept": "application/json", **(headers or {})})
    if response.status_code != 200:
        raise OAuth2Error(f"it answered {response.status_code}")
    found = response.json()
    if not isinstance(found, dict):
        raise OAuth2Error("it answered something that is no JSON object")
    return found
