"""Sentences of the account: what was changed, why a passkey cannot be added, and the mails about an address."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.template.defaultfilters import pluralize

from wanstudio.settings_types import is_loopback

NAME_CHANGED = "Name saved."
WRONG_SIGN_IN = "Wrong email or password."
ADDRESS_TAKEN = "This address cannot be used here. Nothing was changed."
CONFIRM_SUBJECT, CHANGED_SUBJECT = "Confirm your new address", "Your email address was changed"
TIED = "Passkeys need a domain name, not an IP address."
NEEDS_HTTPS = "Passkeys need https. Ask the person who runs this studio to set WANSTUDIO_URL to its https address."
ADDRESS_CHANGED = "You now sign in with {email}."
LINK_SENT = "We sent a link to {email}. The address changes when you open it."
CONFIRM_MAIL = "Confirm within one hour that you want to sign in to Wan Studio with this address:\n\n{url}\n"
CHANGED_MAIL = "You now sign in to Wan Studio with {email}.\n"
# In this order: Edge calls itself Chrome, Chrome calls itself Safari.
BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
    "python-requests": "A program",
    "curl/": "A program",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def signed_out(places: int) -> str:
    return f"Signed out in {places} other place{pluralize(places)}."


def passkey_host() -> str:
    """The name that passkeys are tied to: the studio's own over https, else the only other one that browsers allow."""
    return (urlsplit(settings.ADDRESS).hostname or "") if settings.HTTPS else "localhost"


def no_passkeys(request: HttpRequest) -> str:
    """The reason why browsers refuse passkeys at this address; empty where they do not."""
    host = urlsplit("//" + request.get_host()).hostname or ""
    if host == passkey_host():
        return ""
    if settings.HTTPS:
        return f"{TIED} Open {settings.ADDRESS}."
    at_home = is_loopback(f"//{host}")
    return f"{TIED} Open http://localhost:{settings.PORT}." if at_home else NEEDS_HTTPS


def browser_name(user_agent: str) -> str:
    """`Firefox on Linux`; as much of it as the browser says about itself: a hint for the owner, never evidence."""
    browser = next((name for mark, name in BROWSERS.items() if mark in user_agent), "A browser")
    system = next((name for mark, name in SYSTEMS.items() if mark in user_agent), "")
    return f"{browser} on {system}" if system else browser
