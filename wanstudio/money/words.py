"""Words of the money: refusals by a cap, and what became of the caps."""

from wanstudio.accounts.models import User
from wanstudio.money.queries import Whose
from wanstudio.money.verbs import OverCap

NO_SUCH_ZONE = "Unknown time zone. Nothing was changed."
CAPS_SAVED = "Saved. The caps apply now; reserved amounts stay reserved."
CAP_ERRORS = {
    "invalid": "A cap is an amount in dollars, such as 60.00.",
    "min_value": "A cap is 0 or more.",
    "max_value": "This cap is too large.",
    "max_decimal_places": "A cap has at most two decimals.",
}


def over_words(over: OverCap, other: User | None = None, *, with_sums: bool = True) -> str:
    """The refusal in one sentence that leads with the sums.

    `other`: whose cap it is if it is not the reader's; `with_sums`: whether the reader can know what that one has left.
    """
    room = over.room
    if other is None or room.whose == Whose.TEAM:
        return f"${over.price} is more than the ${room.left} left of {room.whose.label} ${room.cap} this month."
    if not with_sums:
        return f"${over.price} is more than {other}’s cap allows this month, and this video counts toward it."
    return f"${over.price} is more than the ${room.left} left of {other}’s ${room.cap} this month, where it counts."
