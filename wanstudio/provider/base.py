"""A provider: what everything outside may know of one, and the only way to reach it.

Each provider is one folder here: its description (models, prices, limits, intervals), its client, its failure words.
What it needs of settings and keys it is given; it knows no table and no setting.
"""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from wanstudio.media.exchange import unchecked

from .calls import GenerateRequest, StatusProblem, Submission, TaskStatus
from .prices import PriceTable, Resolution, price_table


class Outside(StrEnum):
    """A motion outside the billing limits: billed as the limit, or refused."""

    CLAMP = "clamp"
    REFUSE = "refuse"


@dataclass(frozen=True)
class BillingLimits:
    """The least and the most seconds that are billed."""

    min_s: int
    max_s: int
    outside: Outside = Outside.CLAMP


@dataclass(frozen=True)
class InputLimits:
    """What the model takes. Formats are in words; a seed is -1 (random), or from 0 on."""

    image_formats: tuple[str, ...]
    image_max_bytes: int
    motion_formats: tuple[str, ...]
    max_seed: int


Interval = tuple[float, float]
"""Seconds, from and to: the actual one is random between them."""


@dataclass(frozen=True)
class Polling:
    """Intervals of status calls. With callbacks, polls are only a safety net."""

    first: Interval
    next: Interval
    long_first: Interval
    long_next: Interval
    callback_first: Interval
    callback_next: Interval
    long_motion_s: float

    def until_first(self, motion_s: float, *, callback: bool) -> Interval:
        if callback:
            return self.callback_first
        return self.long_first if motion_s > self.long_motion_s else self.first

    def until_next(self, motion_s: float, *, callback: bool) -> Interval:
        if callback:
            return self.callback_next
        return self.long_next if motion_s > self.long_motion_s else self.next


@dataclass(frozen=True)
class Model:
    """One model. `behaviours` are what its type may be, the first resolution is the one chosen unasked."""

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
        return price_table(self.resolutions)


class Step(StrEnum):
    """What a person can do next; `label` is what its button says. An uncertain job offers its own choices instead."""

    CHANGE_PROMPT = "change_prompt"
    CHANGE_CHARACTER = "change_character"
    CHANGE_MOTION = "change_motion"
    CHANGE_INPUTS = "change_inputs"
    ADD_BALANCE = "add_balance"
    CHECK_KEY = "check_key"
    CHECK_SETTINGS = "check_settings"
    WAIT = "wait"
    TRY_AGAIN = "try_again"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS: Mapping[Step, str] = {
    Step.CHANGE_PROMPT: "Change the prompt",
    Step.CHANGE_CHARACTER: "Use another picture",
    Step.CHANGE_MOTION: "Use another clip",
    Step.CHANGE_INPUTS: "Change picture, clip or prompt",
    Step.ADD_BALANCE: "Add balance and try again",
    Step.CHECK_KEY: "Check the key",
    Step.CHECK_SETTINGS: "Check the settings",
    Step.WAIT: "Wait, then try again",
    Step.TRY_AGAIN: "Try again",
}


@dataclass(frozen=True)
class Explanation:
    """A failure in words. `content` is True where the content policy objected, so that a page can hide the picture."""

    cause: str
    step: Step
    content: bool = False


@dataclass(frozen=True)
class Failure:
    """What is to be explained: a failCode of the provider or an `Error`, the provider's own words, the files' names."""

    code: str
    message: str = ""
    character: str = "the picture"
    motion: str = "the clip"


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
    """The calls of one key. Holds no connection, so it may be shared between threads.

    `before_write` runs once the connection stands, immediately before the first byte. Whatever it raises comes out
    unchanged, and nothing was written.
    """

    def submit(self, request: GenerateRequest, before_write: Callable[[], None] = unchecked) -> Submission:
        """One task with one POST on a fresh connection. It may cost money; nothing here ever repeats it."""

    def status(self, task_id: str, before_write: Callable[[], None] = unchecked) -> TaskStatus | StatusProblem:
        """Where a task is. A StatusProblem says nothing about the task, unless its error is NOT_FOUND."""

    def balance(self, before_write: Callable[[], None] = unchecked) -> Decimal | StatusProblem:
        """US dollars left on the key."""


class Provider(Protocol):
    """One provider. `name` stands in rows, `display_name` and `key_name` in sentences, `hook` where it calls back.

    `site` is where its dashboard and balance are; `pace` multiplies every interval, unless a setting says otherwise.
    """

    @property
    def name(self) -> str: ...
    @property
    def display_name(self) -> str: ...
    @property
    def opening_name(self) -> str:
        """`display_name` at the beginning of a sentence."""

    @property
    def key_name(self) -> str: ...
    @property
    def hook(self) -> str: ...
    @property
    def site(self) -> str: ...
    @property
    def base_url(self) -> str: ...
    @property
    def pace(self) -> float: ...
    @property
    def read_timeout_s(self) -> float: ...
    @property
    def models(self) -> tuple[Model, ...]: ...

    def variable(self, name: str) -> str:
        """The environment variable of its API_KEY, BASE_URL, MODEL or PRICES."""

    def client(self, account: Account) -> Client:
        """Raises ValueError, without showing the key, for a key or an address that cannot be used."""

    def task_named_in(self, callback: bytes) -> str:
        """The task id in the body of a callback, or an empty string. Never raises, and believes nothing else in it."""

    def explain(self, failure: Failure) -> Explanation:
        """Why it failed, for people. A code that nobody has met yet is shown with its message."""

    def curl(self, base_url: str, model: str, request: GenerateRequest) -> str:
        """The submission as a shell command, with the key left to the environment."""
