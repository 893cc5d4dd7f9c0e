"""What somebody wants made: what a job is accepted with, and a request to spend asked."""

from typing import Any, TypedDict
from uuid import UUID

from wanstudio.accounts.models import User
from wanstudio.money.pricing import Quote
from wanstudio.teams.models import Team
from wanstudio.uploads.models import Source


class Wanted(TypedDict):
    """`nonce`: the form's. `seed`: as it is sent; `seed_drawn`: by us, not chosen."""

    nonce: UUID
    team: Team
    person: User
    provider: str
    character: Source
    motion: Source
    behaviour: str
    quote: Quote
    prompt: str
    seed: int
    seed_drawn: bool


def columns(wanted: Wanted) -> dict[str, Any]:
    """As the row of either keeps it; of the quote that is the resolution and the price."""
    quote = wanted["quote"]
    kept = {name: value for name, value in wanted.items() if name != "quote"}
    return {**kept, "resolution": quote.resolution, "price": quote.price}
