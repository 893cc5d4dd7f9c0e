"""The request body of generateTask, checked against the reference page: each violation has its own reason.

Faults are ordered in brackets, anywhere in a prompt, as test card numbers do with a payment provider.
"""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from wanstudio.provider.apixo.description import WAN_2_2_ANIMATE
from wanstudio.settings_types import is_loopback

MAX_SEED = WAN_2_2_ANIMATE.inputs.max_seed
ALWAYS = 1_000_000
# The API's own passing faults: without a count they happen once, so that a retry can be seen to get through.
PASSING = frozenset({429, 500, 502, 503})
IN_BRACKETS = re.compile(r"\[([a-z]+)(?::([A-Za-z0-9_.]+))?(?:\s+x(\d{1,6}))?\]")

TABLE = {
    "[fail:SensitiveContentDetected]": "the task fails with this code: any of the documented codes, or one of your own",
    "[http:429]": "the submit is answered with 429 and Retry-After once, then accepted; 500, 502 and 503 likewise",
    "[http:402]": "the submit is answered with this status every time; 400, 401, 403, 404, 504 and any other likewise",
    "[http:503 x3]": "a count says how many times in a row; works for every order on submits",
    "[html:502]": "the submit is answered by a gateway: this status with a web page; no task is made",
    "[hang]": "the task is made, but the answer to the submit never comes",
    "[lost]": "the task is made, then the connection closes without an answer",
    "[status:500]": "the first three status calls are answered with this status; a count says how many",
    "[slow:30]": "the task takes at least 30 seconds",
    "[stuck]": "the task never leaves processing",
    "[nojson]": "the task succeeds, but its first two status answers carry a broken resultJson",
    "[many]": "the task has two results",
    "[badfile]": "the result is a web page",
    "[expired]": "the first result URL answers 403; the next status call gives a fresh one",
}


@dataclass(eq=False)
class Refused(Exception):
    """The call is answered with `code`, as HTTP status and in the envelope, and this message."""

    code: int
    message: str


@dataclass(frozen=True)
class Faults:
    """What a prompt orders. `http`, `html` and `status` are HTTP statuses, 0 for none; counts are times in a row."""

    fail: str = ""
    http: int = 0
    html: int = 0
    hang: bool = False
    lost: bool = False
    submits: int = ALWAYS
    status: int = 0
    polls: int = 3
    slow_s: float = 0.0
    stuck: bool = False
    nojson: bool = False
    many: bool = False
    badfile: bool = False
    expired: bool = False


@dataclass(frozen=True)
class Request:
    """A valid submit. `callback_url` is empty in async mode, `prompt` if none was sent."""

    behaviour: str
    image_url: str
    video_url: str
    resolution: str
    seed: int
    prompt: str
    callback_url: str

    @property
    def faults(self) -> Faults:
        return read_faults(self.prompt)


def validate(body: object, studio: str = "") -> Request:
    """The task in parsed JSON. `studio`: an address that can be called back without TLS. Raises Refused(400)."""
    if not isinstance(body, dict):
        raise Refused(400, "Invalid request body: it must be a JSON object.")
    callback_url = _callback_url(body, studio)
    given = body.get("input")
    if given is None:
        raise Refused(400, "Missing required field input.")
    if not isinstance(given, dict):
        raise Refused(400, "Invalid input: it must be an object.")
    _one_of(given, "mode", "standard")
    behaviour = _one_of(given, "type", *WAN_2_2_ANIMATE.behaviours)
    image_url, video_url = _single_url(given, "image_urls"), _single_url(given, "video_urls")
    resolution = _one_of(given, "resolution", *WAN_2_2_ANIMATE.resolution_names)
    seed, prompt = given.get("seed", -1), given.get("prompt", "")
    if not isinstance(seed, int) or isinstance(seed, bool) or not -1 <= seed <= MAX_SEED:
        raise Refused(400, f"Invalid input.seed: use -1 or an integer from 0 to {MAX_SEED}.")
    if not isinstance(prompt, str) or ("prompt" in given and not prompt.strip()):
        raise Refused(400, "Invalid input.prompt: it must be a non-empty string if it is sent.")
    return Request(behaviour, image_url, video_url, resolution, seed, prompt, callback_url)


def read_faults(prompt: str) -> Faults:
    """The faults in a prompt. Unknown words and nonsense in brackets are prose, and left alone."""
    found: dict[str, object] = {}
    for word, value, count in IN_BRACKETS.findall(prompt):
        status = int(value) if re.fullmatch(r"[45]\d\d", value) else 0
        if word == "fail" and value:
            found["fail"] = value
        elif word == "slow" and re.fullmatch(r"\d{1,5}(\.\d+)?", value):
            found["slow_s"] = float(value)
        elif word == "status" and status:
            found |= {"status": status, "polls": int(count or 3)}
        elif word in ("http", "html") and status:
            once = word == "http" and status in PASSING
            found |= {word: status, "submits": int(count or (1 if once else ALWAYS))}
        elif word in ("hang", "lost") and not value:
            found |= {word: True, "submits": int(count or ALWAYS)}
        elif word in ("stuck", "nojson", "many", "badfile", "expired") and not value:
            found[word] = True
    return Faults(**found)  # type: ignore[arg-type]


def _callback_url(body: dict[str, object], studio: str) -> str:
    kind = body.get("request_type", "async")
    if kind == "async":
        return ""
    if kind != "callback":
        raise Refused(400, "Invalid request_type: use async or callback.")
    url = body.get("callback_url")
    if not url:
        raise Refused(400, "Missing required field callback_url: it is required when request_type is callback.")
    parts = _parts(url)
    # The documentation wants public HTTPS. A studio on this machine has only http, so its own address is taken as well.
    is_ours = bool(studio) and str(url).startswith(f"{studio}/")
    if parts is None or (parts.scheme != "https" and not is_ours and not is_loopback(str(url))):
        raise Refused(
            400, "Invalid callback_url: it must be a public HTTPS URL (the sandbox also takes http on loopback)."
        )
    return str(url)


def _required(given: dict[str, object], name: str) -> object:
    value = given.get(name)
    if value is None:
        raise Refused(400, f"Missing required field input.{name}.")
    return value


def _one_of(given: dict[str, object], name: str, *choices: str) -> str:
    value = _required(given, name)
    if not isinstance(value, str) or value not in choices:
        raise Refused(400, f"Invalid input.{name}: use {' or '.join(choices)}.")
    return value


def _single_url(given: dict[str, object], name: str) -> str:
    value = _required(given, name)
    if not isinstance(value, list) or len(value) != 1:
        raise Refused(400, f"Invalid input.{name}: provide exactly 1 URL.")
    if _parts(value[0]) is None:
        raise Refused(400, f"Invalid input.{name}[0]: it must be a public HTTP/HTTPS URL.")
    return str(value[0])


def _parts(url: object) -> SplitResult | None:
    try:
        parts = urlsplit(url) if isinstance(url, str) and len(url) <= 4096 else None
        return parts if parts and parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 else None
    except ValueError:
        return None
