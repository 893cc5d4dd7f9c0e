"""An issuer of accounts (OpenID Connect) for tests: a real HTTP server on loopback that signs ID tokens with RS256.

Untold, it behaves: whoever asks is `person`, the code is good once, and only with the verifier and the client's secret.
A test changes `person`, the claims, the signature or an answer, and sees in `asked` what the studio has sent.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from wanstudio.settings_sign_in import Company

CLIENT, SECRET = "wan-studio", "secret-of-the-client"
Answer = tuple[int, object]


class Issuer:
    def __init__(self, port: int = 0) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.person: dict[str, Any] = {}
        self.claims: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        # By path: what is answered there instead.
        self.instead: dict[str, Callable[[], Answer | bytes]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.in_userinfo_only = False
        self._codes: dict[str, dict[str, str]] = {}
        self.rotate()

    def rotate(self) -> None:
        """A new key in the place of the one before."""
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.kid = secrets.token_hex(4)

    def is_person(self, sub: str, email: str | None, *, verified: bool = True, name: str = "") -> None:
        self.person = {"sub": sub, "name": name or sub.capitalize()}
        if email is not None:
            self.person |= {"email": email, "email_verified": verified}

    def signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.key, "RS256", {"kid": self.kid})

    def keys(self) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**public, "kid": self.kid, "use": "sig", "alg": "RS256"}]}

    def discovery(self) -> dict[str, Any]:
        paths = {"authorization": "/authorize", "token": "/token", "userinfo": "/userinfo"}
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/keys",
            **{f"{name}_endpoint": self.url + path for name, path in paths.items()},
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }

    def company(self, **fields: Any) -> Company:
        return Company(issuer=self.url, client_id=CLIENT, secret=SECRET, **{"label": "Northlight ID", **fields})

    # --- its pages ---

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser is sent back to, with a code."""
        code = secrets.token_urlsafe(12)
        self._codes[code] = {**query, "person": json.dumps(self.person)}
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state'], 'iss': self.url})}"

    def token(self, form: dict[str, str]) -> Answer:
        begun = self._codes.pop(form.get("code", ""), None)
        if begun is None or form.get("redirect_uri") != begun["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if begun.get("code_challenge_method") != "S256" or begun["code_challenge"] != challenge.rstrip(b"=").decode():
            return 400, {"error": "invalid_grant"}
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client"}
        now, person = int(time.time()), json.loads(begun["person"])
        kept = {"sub": person["sub"]} if self.in_userinfo_only else person
        own = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": begun.get("nonce")}
        return 200, {"access_token": "opaque", "token_type": "Bearer", "id_token": self.sign(self.claims(kept | own))}

    def answer(self, path: str, sent: dict[str, str]) -> Answer | bytes:
        if path in self.instead:
            return self.instead[path]()
        if path == "/.well-known/openid-configuration":
            return 200, self.discovery()
        if path == "/keys":
            return 200, self.keys()
        if path == "/userinfo":
            return 200, self.person
        return self.token(sent) if path == "/token" else (404, {})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                sent = {name: values[0] for name, values in parse_qs(parts.query).items()}
                issuer.asked.append((parts.path, sent))
                if parts.path == "/authorize" and parts.path not in issuer.instead:
                    self.send_response(302)
                    self.send_header("Location", issuer.authorize(sent))
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.say(issuer.answer(parts.path, sent))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                sent = {name: values[0] for name, values in parse_qs(body).items()}
                if (header := self.headers.get("Authorization", "")).startswith("Basic "):
                    name, _, secret = base64.b64decode(header[6:]).decode().partition(":")
                    sent |= {"client_id": unquote(name), "client_secret": unquote(secret)}
                issuer.asked.append((self.path, sent))
                self.say(issuer.answer(self.path, sent))

            def say(self, answer: Answer | bytes) -> None:
                if isinstance(answer, bytes):
                    # As it is, head and all.
                    self.wfile.write(answer)
                    return
                body = json.dumps(answer[1]).encode()
                self.send_response(answer[0])
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler


@contextmanager
def running(port: int = 0) -> Iterator[Issuer]:
    issuer = Issuer(port)
    thread = threading.Thread(target=issuer.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        issuer.server.shutdown()
        issuer.server.server_close()
