"""Shapes of requests and answers, in JSON. Money: dollars, as text (`"1.14"`). Times: ISO 8601, UTC. Lengths: s."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from wanstudio.money.queries import RESOLUTIONS
from wanstudio.studio.forms import MAX_SEED

Behaviour = Literal["animate", "replace"]
if TYPE_CHECKING:
    Resolution = str
else:
    Resolution = Literal[RESOLUTIONS]
Kind = Literal["character", "motion"]
Id = Field(default=None, ge=1, le=2**63 - 1)


class In(Schema):
    """A name that is not known is refused: a typing error must not become a default."""

    model_config = ConfigDict(extra="forbid")


class QuoteIn(In):
    """One of `motion` (an upload), `motion_url` and `seconds`."""

    motion: int | None = Id
    motion_url: str = Field(default="", max_length=2000)
    seconds: float | None = Field(default=None, gt=0, le=1_000_000)
    resolution: Resolution = RESOLUTIONS[0]


class JobIn(In):
    """`price` is what you agree to pay, as quoted; if it has changed, nothing is sent.

    An input is an upload's id or a link. `seed`: 0 to 2147483647, -1 lets the provider draw, none lets the studio.
    """

    character: int | None = Id
    character_url: str = Field(default="", max_length=2000)
    motion: int | None = Id
    motion_url: str = Field(default="", max_length=2000)
    behaviour: Behaviour = "animate"
    resolution: Resolution = RESOLUTIONS[0]
    prompt: str = Field(default="", max_length=2000)
    seed: int | None = Field(default=None, ge=-1, le=MAX_SEED)
    price: Decimal | None = Field(default=None, ge=0, le=100_000)


class UploadIn(In):
    """As JSON with a link; a file comes as multipart/form-data with the fields `kind` and `file`."""

    kind: Kind
    url: str = Field(min_length=1, max_length=2000)


class QuoteOut(Schema):
    price: str
    currency: str
    resolution: str
    seconds: float
    billed_seconds: float
    unit_price: str
    reason: str = Field(examples=["14.2 s × $0.08 = $1.14"])
    warnings: list[str] = Field(description="What would hold a job back, in sentences.")


class UploadOut(Schema):
    id: int
    kind: str
    name: str
    url: str | None = Field(description="The link that was given, if it was one.")
    format: str
    width: int
    height: int
    duration: float | None
    size_bytes: int | None
    created_at: datetime


class FailureOut(Schema):
    code: str
    detail: str
    advice: str


class JobOut(Schema):
    """`state`: queued, submitting, running, archiving, then done, failed or cancelled; uncertain waits for a person.

    `money`: reserved, settled, released, assumed (released, we assume) or unknown (it may be charged).
    """

    id: int
    title: str
    state: str
    sentence: str
    provider: str
    behaviour: str
    resolution: str
    prompt: str
    seed: int
    character: int
    motion: int
    duration: float
    billed_seconds: float
    price: str
    money: str
    place: int | None = Field(description="In line; 1 is next.")
    failure: FailureOut | None
    videos: list[int]
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    page: str


class VideoOut(Schema):
    id: int
    job: int
    title: str
    behaviour: str
    resolution: str
    width: int
    height: int
    duration: float
    size_bytes: int
    sha256: str
    archived_at: datetime
    file: str = Field(description="The MP4, with this token; ranges are served.")
    page: str


class Uploads(Schema):
    items: list[UploadOut]
    next: str | None = Field(description="The address of the next page, or null at the end.")


class Jobs(Schema):
    items: list[JobOut]
    next: str | None


class Videos(Schema):
    items: list[VideoOut]
    next: str | None


class ProblemOut(Schema):
    """RFC 9457. `errors` names fields; `quote` is there when the price is what is wrong."""

    type: str
    title: str
    status: int
    detail: str
    errors: dict[str, list[str]] | None = None
    quote: dict[str, object] | None = None
