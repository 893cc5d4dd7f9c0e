"""Shapes of requests, in JSON: what is asked for. Lengths: s. Prices: dollars."""

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


TrimTime = Field(default=None, ge=0, le=1_000_000)


class CropIn(In):
    """The frame around an uploaded character that is sent, from its top left, in parts of the picture's sides.

    It can reach outside of the picture: there the picture's edges go on, blurred.
    """

    x: float = Field(ge=-10, le=10)
    y: float = Field(ge=-10, le=10)
    width: float = Field(gt=0, le=10)
    height: float = Field(gt=0, le=10)


class QuoteIn(In):
    """One of `motion` (an upload), `motion_url` and `seconds`; with `character` and `behaviour` it warns of both."""

    motion: int | None = Id
    motion_url: str = Field(default="", max_length=2000)
    seconds: float | None = Field(default=None, gt=0, le=1_000_000)
    resolution: Resolution = RESOLUTIONS[0]
    character: int | None = Id
    behaviour: Behaviour = "animate"
    trim_start: float | None = TrimTime
    trim_end: float | None = TrimTime
    crop: CropIn | None = None


class JobIn(In):
    """`price` is what you agree to pay, as quoted; if it has changed, nothing is sent.

    An input is an upload's id or a link; `trim_start` and `trim_end` in seconds say which part of an uploaded motion is
    sent, `crop` which part of an uploaded character. `seed`: 0 to 2147483647, -1 lets the provider choose, none lets
    the studio choose.
    """

    character: int | None = Id
    character_url: str = Field(default="", max_length=2000)
    motion: int | None = Id
    motion_url: str = Field(default="", max_length=2000)
    behaviour: Behaviour = "animate"
    resolution: Resolution = RESOLUTIONS[0]
    prompt: str = Field(default="", max_length=2000)
    seed: int | None = Field(default=None, ge=-1, le=MAX_SEED)
    trim_start: float | None = TrimTime
    trim_end: float | None = TrimTime
    crop: CropIn | None = None
    price: Decimal | None = Field(default=None, ge=0, le=100_000)


class UploadIn(In):
    """As JSON with a link; a file comes as multipart/form-data with the fields `kind` and `file`."""

    kind: Kind
    url: str = Field(min_length=1, max_length=2000)


class Paging(Schema):
    before: int | None = Field(default=None, ge=1, le=2**63 - 1, description="From `next`: only older ones.")
    limit: int = Field(default=50, ge=1, le=100)


class UploadChange(In):
    name: str = Field(min_length=1, max_length=200, description="The new name of it in the team.")
