"""Words of spend requests: what came of a decision, and why one cannot be granted any more."""

from enum import Enum


class Sentence(Enum):
    WITHDRAWN = "Withdrawn. Nothing was sent."
    ALLOWED = "${price} allowed. The video is on its way."
    DECLINED = "Declined. Nothing was sent or charged."
    NO_DECISION = "Nothing was done. Allow it with its price, or decline it."
    SANDBOX_ENDED = "It was asked for in the sandbox, which has ended. Nothing was sent; ask again."
    DECIDED = "This was decided in the meantime, or has expired. Nothing more was done."
    PRICE_CHANGED = "The price is another one by now. Nothing was sent. Look at it and press the button again."
    NO_LONGER_MAKES = "{name} no longer makes videos in this team. Nothing was sent; it can only be declined."
    DELETED = "“{name}” was deleted in the meantime. Nothing was sent; it can only be declined."

    def of(self, **facts: object) -> str:
        return self.value.format(**facts)
