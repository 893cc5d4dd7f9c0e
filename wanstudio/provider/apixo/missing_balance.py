"""Missing money in APIXO's words: its pages answer 402, 400 with "Insufficient credits", or a code such as
INSUFFICIENT_CREDITS.

A message can quote the prompt, which can speak of credits, too: what is in quotation marks or in the prompt proves
nothing.
"""

import re
from html import unescape

_MONEY = r"(?:credits?(?! cards?\b)|balance|funds?|quota|余额|积分|额度)"
_OPEN, _CLOSE = "\"'“‘«`「", "\"'”’»`」"
_PHRASE = re.compile(
    rf"\b(?:insufficient|inadequate|exhausted|lacks?|lacking|(?:not|t|without) (?:have )?(?:enough|sufficient)|"
    rf"not having enough|no(?: more| remaining)?|(?:out|run out|ran out|short) of)(?: \w+){{0,2}}? {_MONEY}\b"
    rf"|\b{_MONEY}(?: \w+){{0,2}}? (?:insufficient|exhausted|depleted|too low|used up|run out|ran out|not enough|"
    rf"not sufficient|is low|is zero|not cover)\b"
    r"|\b(?:recharge|top up|topup) (?:your|the|and|to|account|first)\b|(?:余额|积分|额度)\s*不足|欠费"
)


def lacks_balance(text: str, prompt: str = "") -> bool:
    """Whether this code or message alone says that the account has too little money."""
    # No prompt is written as a code.
    asked = "" if re.fullmatch(r"[A-Z]+(?:_[A-Z]+)+", text) else _plain(prompt)
    own = re.sub(rf"(?<!\w)[{_OPEN}].*?[{_CLOSE}](?!\w)", " ", unescape(text))
    return any(found[0] not in asked for found in _PHRASE.finditer(_plain(own)))


def _plain(text: str) -> str:
    """`InsufficientCredits`, `INSUFFICIENT_CREDITS` and “Insufficient credits!” read the same."""
    return re.sub(r"[\W_]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)).strip().lower()
