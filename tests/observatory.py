"""The score that MDN's HTTP Observatory gives a page, by the table it publishes: 100, less penalties, and bonuses.

Of each of its ten tests the modifier. Bonuses count from 90 on, as there. `answers` are what one browser was told in
turn: cookies count whenever they were set. Preloading of HSTS is not ours to give; the redirect from http is the
proxy's in front, so it counts as made.
"""

import re
from collections.abc import Iterable, Mapping
from http.cookies import Morsel
from typing import Any
from urllib.parse import urlsplit

BROAD = {"ftp:", "http:", "https:", "*", "http://*", "http://*.*", "https://*", "https://*.*"}
INLINE = {"'unsafe-inline'", "data:"}
PRIVATE = {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}
UNSAFE = {"origin", "origin-when-cross-origin", "unsafe-url", "no-referrer-when-downgrade"}
SIX_MONTHS_S = 15_768_000


def score(answer: Any, cookies: Iterable["Morsel[str]"]) -> tuple[int, dict[str, int]]:
    """The points of this answer, and what each test adds or takes."""
    headers = answer.headers
    told = {
        "csp": csp(headers.get("Content-Security-Policy", "")),
        "cookies": cookie_points(list(cookies), has_hsts=hsts(headers) == 0),
        "cors": cors(headers),
        "referrer": referrer(headers.get("Referrer-Policy", "")),
        "hsts": hsts(headers),
        "scripts": scripts(answer),
        "sniffing": 0 if headers.get("X-Content-Type-Options", "").lower() == "nosniff" else -5,
        "framing": framing(headers),
        "corp": corp(headers.get("Cross-Origin-Resource-Policy", "")),
    }
    points = 100 + sum(each for each in told.values() if each < 0)
    if points >= 90:
        points += sum(each for each in told.values() if each > 0)
    return max(points, 0), told


def _policy(text: str) -> dict[str, set[str]]:
    parts = [part.split() for part in text.split(";") if part.strip()]
    return {part[0].lower(): {source.lower() for source in part[1:]} for part in parts}


def csp(text: str) -> int:
    policy = _policy(text)
    if not policy:
        return -25
    everything = policy.get("default-src", {"*"})
    script, style, plug = (policy.get(f"{kind}-src", everything) for kind in ("script", "style", "object"))
    passive = policy.get("img-src", everything) | policy.get("media-src", everything)
    active = {source for name, sources in policy.items() if name not in ("img-src", "media-src") for source in sources}
    if script & (BROAD | INLINE) or plug & BROAD or any(source.startswith(("http:", "ftp:")) for source in active):
        return -20
    if "'unsafe-eval'" in script | style or any(source.startswith(("http:", "ftp:")) for source in passive):
        return -10
    if style & (BROAD | INLINE):
        return 0
    return 10 if everything == {"'none'"} and not policy.get("form-action", {"*"}) & BROAD else 5


def cookie_points(cookies: list["Morsel[str]"], *, has_hsts: bool) -> int:
    worst = 0
    for cookie in cookies:
        name = cookie.key.lower()
        is_session = "sess" in name or "login" in name
        if not cookie["secure"]:
            worst = min(worst, (-10 if has_hsts else -40) if is_session else (-5 if has_hsts else -20))
        if "csrf" in name and not cookie["samesite"]:
            worst = min(worst, -20)
        if is_session and not cookie["httponly"]:
            worst = min(worst, -30)
    if not cookies or worst:
        return worst
    return 5 if all(cookie["samesite"] for cookie in cookies) else 0


def cors(headers: Mapping[str, str]) -> int:
    open_to = headers.get("Access-Control-Allow-Origin")
    return -50 if open_to and headers.get("Access-Control-Allow-Credentials", "").lower() == "true" else 0


def referrer(text: str) -> int:
    last = text.split(",")[-1].strip().lower()
    if last in PRIVATE:
        return 5
    return 0 if not last else -5


def hsts(headers: Mapping[str, str]) -> int:
    told = headers.get("Strict-Transport-Security", "")
    age = re.search(r"max-age=\"?(\d+)", told)
    if not age:
        return -20
    return 0 if int(age[1]) >= SIX_MONTHS_S else -10


def scripts(answer: Any) -> int:
    """What is not from here must be over https and carry its hash."""
    if "html" not in answer.headers.get("Content-Type", ""):
        return 0
    tags = re.findall(r"<script\b[^>]*\bsrc=[\"']?([^\"'\s>]+)[^>]*>", answer.content.decode())
    foreign = [urlsplit(tag) for tag in tags if urlsplit(tag).netloc]
    if any(part.scheme != "https" for part in foreign):
        return -50
    return -5 if foreign else 0


def framing(headers: Mapping[str, str]) -> int:
    allowed = _policy(headers.get("Content-Security-Policy", "")).get("frame-ancestors")
    if allowed and not allowed & BROAD:
        return 5
    return 0 if headers.get("X-Frame-Options", "").upper() in ("DENY", "SAMEORIGIN") else -20


def corp(text: str) -> int:
    if text.lower() in ("same-origin", "same-site"):
        return 10
    return 0 if text.lower() in ("", "cross-origin") else -5
