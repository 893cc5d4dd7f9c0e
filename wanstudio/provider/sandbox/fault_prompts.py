"""Test prompts: faults that are ordered in brackets, anywhere in a prompt, as test card numbers do with a payment
provider."""

import re
from dataclasses import dataclass

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
