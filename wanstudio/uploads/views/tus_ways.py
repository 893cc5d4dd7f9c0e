"""Ways to upload in pieces: whose request it is, which team it is for, and how a refusal is written."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

from wanstudio.teams.models import Team


class Refused(Exception):
    """Answered with this status and sentence; nothing was changed."""

    def __init__(self, status: int, sentence: str, **headers: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass(frozen=True)
class Way:
    """One of the two ways in: `route` of one upload, `enter` (raises Refused), and how it says that it refuses.

    `team`: the one that a new upload is for, by what its metadata says; `only`: the one that all uploads must be of.
    """

    route: str
    enter: Callable[[HttpRequest], None]
    team: Callable[[HttpRequest, dict[str, str]], Team]
    refusal: Callable[[Refused], HttpResponse]
    only: Callable[[HttpRequest], Team | None] = lambda _: None
