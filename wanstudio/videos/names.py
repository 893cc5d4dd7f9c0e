"""Names of tags and collections: as they are shown, and what two spellings of one name have in common."""

import unicodedata

MAX_TAG = 40
MAX_COLLECTION = 100


def clean_name(text: str, longest: int) -> str:
    """Composed letters, single blanks, nothing that cannot be printed. Empty if nothing is left."""
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(letter if letter.isprintable() else " " for letter in composed).split())[:longest].strip()


def key_of(name: str) -> str:
    """Equal for every spelling of one name. Made here, for databases fold only some alphabets."""
    return unicodedata.normalize("NFKC", clean_name(name, 200)).casefold()[:80]
