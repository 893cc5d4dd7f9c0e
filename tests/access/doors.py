"""Rows of the access table, and the reading of answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.access.people import NO_ONE, Who

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Door:
    """Who gets in to read (GET, HEAD) and who to write (POST); NO_ONE: the method is not for this address at all.

    `on`: the row that the address names. `body`: the form, naming rows as `{video}`. `acts`: whoever may post it
    changes something. Not `sure`: something else can stand in the way, such as a sign-in that was never begun, and
    methods that nobody uses may be answered with the page; who may not still writes nothing. `json`: the body is sent
    as that. `url`: for an address that is a regular expression. `headers` go with what is posted.
    """

    get: Who = NO_ONE
    post: Who = NO_ONE
    on: str = ""
    body: Body = field(default_factory=dict)
    acts: bool = False
    sure: bool = True
    json: bool = False
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def may(self, method: str) -> Who:
        return {"GET": self.get, "HEAD": self.get, "POST": self.post}.get(method, NO_ONE)


def page(who: Who, on: str = "", **more: Any) -> Door:
    """Reads, and nothing else."""
    return Door(get=who, on=on, **more)


def form(who: Who, on: str = "", body: Body | None = None, **more: Any) -> Door:
    """Writes; what is posted does what its name says."""
    return Door(post=who, on=on, body=body or {}, **({"acts": True} | more))


def filled(body: Body, ids: Mapping[str, Any]) -> dict[str, Any]:
    """The body with the ids of the rows that it names."""
    return {name: value.format_map(ids) if isinstance(value, str) else value for name, value in body.items()}


def judged(answer: Any) -> str:
    """`in`, `unfit` (so was what was posted), `refused`, `sign in`, `method` (not for this address) or `broken`."""
    status = answer.status_code
    if status >= 500 and status != 503:
        return "broken"
    if status in (405, 422):
        return "method" if status == 405 else "unfit"
    if status in (401, 403, 404):
        return "refused"
    if status in (301, 302) and urlsplit(answer["Location"]).path == "/accounts/login/":
        return "sign in"
    return "in"
