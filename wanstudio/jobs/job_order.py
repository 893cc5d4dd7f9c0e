"""The order of a video: what a job is accepted with, and a spend request asked."""

from dataclasses import dataclass, fields
from uuid import UUID

from wanstudio.accounts.models import User
from wanstudio.money.pricing import Quote
from wanstudio.teams.models import Team
from wanstudio.uploads.models import Source


@dataclass(frozen=True)
class JobOrder:
    """`nonce`: the form's. `seed`: as it is sent; `seed_generated`: by us, not chosen."""

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
    seed_generated: bool

    def columns(self) -> dict[str, object]:
        """As the row of either keeps it; of the quote that is the resolution and the price."""
        kept = {part.name: getattr(self, part.name) for part in fields(self) if part.name != "quote"}
        return {**kept, "resolution": self.quote.resolution, "price": self.quote.price}
