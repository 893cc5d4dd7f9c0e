"""Providers: the description, client and failure words that each must have, and all that code outside knows of one."""

import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, Protocol

from django.utils.text import capfirst

from wanstudio.media.exchange import unchecked

from .calls import GenerateRequest, StatusProblem, Submission, TaskStatus


@dataclass(frozen=True)
class BillingLimits:
    """The least and the most seconds that are billed. A motion outside is billed as the limit, or refused."""

    min_s: int
    max_s: int
    refuses_outside: bool = False


@dataclass(frozen=True)
class InputLimits:
    """What the model takes. Formats are in words; a seed is -1 (random), or from 0 on."""

    image_formats: tuple[str, ...]
    image_max_bytes: int
    motion_formats: tuple[str, ...]
    max_seed: int
    # Outside of these it works, and worse: pixels a side (from, to), the longer side to the shorter, a second.
    image_sides: tuple[int, int]
    motion_sides: tuple[int, int]
    max_ratio: int
    max_fps: int
    motion_codecs: tuple[str, ...]
    steady_s: int


Intervals = tuple[tuple[float, float], tuple[float, float]]
"""Until the first and until each further call. Seconds, from and to: the actual one is random between them."""


@dataclass(frozen=True)
class Polling:
    """Intervals of status calls. With callbacks, polls are only a safety net."""

    usual: Intervals
    long: Intervals
    callback: Intervals
    long_motion_s: float

    def intervals(self, motion_s: float, *, callback: bool) -> Intervals:
        if callback:
            return self.callback
        return self.long if motion_s > self.long_motion_s else self.usual


PriceTable = list[tuple[date, dict[str, Decimal]]]
"""Rows of (effective date, {resolution: dollars a second})."""


@dataclass(frozen=True)
class Resolution:
    """Each price is dollars a second, from its day on."""

    name: str
    prices: tuple[tuple[date, Decimal], ...]

    def price_on(self, day: date) -> Decimal | None:
        started = [price for price in self.prices if price[0] <= day]
        return max(started)[1] if started else None


def prices_on(table: Sequence[tuple[date, Mapping[str, Decimal]]], day: date) -> Mapping[str, Decimal]:
    """The row with the newest effective date not after `day`. Raises ValueError if none is in force yet."""
    in_force = [row for row in table if row[0] <= day]
    if not in_force:
        raise ValueError(f"No price is in force on {day.isoformat()}.")
    return max(in_force, key=lambda row: row[0])[1]


@dataclass(frozen=True)
class Model:
    """One model. `behaviours` are what its type can be, the first resolution is the one chosen unasked."""

    id: str
    behaviours: tuple[str, ...]
    resolutions: tuple[Resolution, ...]
    billing: BillingLimits
    inputs: InputLimits
    polling: Polling

    @property
    def resolution_names(self) -> tuple[str, ...]:
        return tuple(resolution.name for resolution in self.resolutions)

    @property
    def price_table(self) -> PriceTable:
        """A row for each day on which a price changes, with every price in force from then on."""
        days = sorted({day for each in self.resolutions for day, _ in each.prices})
        return [
            (day, {each.name: price for each in self.resolutions if (price := each.price_on(day)) is not None})
            for day in days
        ]


class Step(StrEnum):
    """What a person can do next, as its button says it. An uncertain job offers its own choices instead."""

    CHANGE_PROMPT = "Change the prompt"
    CHANGE_CHARACTER = "Use another picture"
    CHANGE_MOTION = "Use another clip"
    CHANGE_INPUTS = "Change picture, clip or prompt"
    ADD_BALANCE = "Add balance and try again"
    CHECK_KEY = "Check the key"
    CHECK_SETTINGS = "Check the settings"
    WAIT = "Wait, then try again"
    TRY_AGAIN = "Try again"


@dataclass(frozen=True)
class Explanation:
    """A failure in words. `content` is True where the content policy objected, so that a page can hide the picture."""

    cause: str
    step: Step
    content: bool = False


@dataclass(frozen=True)
class Failure:
    """What is to be explained: a failCode or an `Error`, the provider's words, the files' names, the prompt."""

    code: str
    message: str = ""
    character: str = "the picture"
    motion: str = "the clip"
    prompt: str = ""


@dataclass(frozen=True)
class Account:
    """One key at one address, as a client needs it. `tls` None: the usual authorities."""

    base_url: str
    key: str = field(repr=False)
    model: str
    connect_timeout_s: float = 10
    read_timeout_s: float = 60
    tls: ssl.SSLContext | None = field(default=None, repr=False)


class Client(Protocol):
    """The calls of one key. Holds no connection, so it can be shared between threads.

    `before_write` runs once the connection is open, immediately before the first byte. Whatever it raises comes out
    unchanged, and nothing was written.
    """

    def submit(self, request: GenerateRequest, before_write: Callable[[], None] = unchecked) -> Submission:
        """One task with one POST on a fresh connection. It can cost money; nothing here ever repeats it."""

    def status(self, task_id: str, before_write: Callable[[], None] = unchecked) -> TaskStatus | StatusProblem:
        """Where a task is. A StatusProblem says nothing about the task, unless its error is NOT_FOUND."""

    def balance(self, before_write: Callable[[], None] = unchecked) -> Decimal | StatusProblem:
        """US dollars left on the key."""


class Plan(NamedTuple):
    """What its keys can do: calls in a minute, and tasks at a time."""

    calls: int
    tasks: int


@dataclass(frozen=True)
class Provider(ABC):
    """One provider. `name` is used in rows, `display_name` and `key_name` in sentences, `hook` where it calls back.

    `site` is where its dashboard and balance are; `pace` multiplies every interval, unless a setting says otherwise.
    `plans`, the smallest first: a key is taken for one of the last until its answers say otherwise. None: no limit.
    """

    name: str
    display_name: str
    key_name: str
    hook: str
    site: str
    base_url: str
    pace: float
    plans: tuple[Plan, ...]
    read_timeout_s: float
    models: tuple[Model, ...]

    @property
    def opening_name(self) -> str:
        """`display_name` at the beginning of a sentence."""
        return capfirst(self.display_name)

    @abstractmethod
    def variable(self, name: str) -> str:
        """The environment variable of its API_KEY, BASE_URL, MODEL or PRICES."""

    @abstractmethod
    def client(self, account: Account) -> Client:
        """Raises ValueError, without showing the key, for a key or an address that cannot be used."""

    @abstractmethod
    def task_named_in(self, callback: bytes) -> str:
        """The task id in the body of a callback, or an empty string. Never raises, and believes nothing else in it."""

    @abstractmethod
    def is_about_balance(self, failure: Failure) -> bool:
        """Whether a task failed because the account has too little money: the next one would, too."""

    @abstractmethod
    def explain(self, failure: Failure) -> Explanation:
        """Why it failed, for people. A code that no one has met yet is shown with its message."""

    @abstractmethod
    def curl(self, base_url: str, model: str, request: GenerateRequest) -> str:
        """The submission as a shell command, with the key left to the environment."""
