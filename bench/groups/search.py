"""Search on the wall: words of every script, frequent, rare and in no video, beginnings of words, several at once."""

from collections.abc import Iterator
from urllib.parse import quote

from bench.figures import Figure, interleaved
from bench.groups.pages import clock
from bench.rig import Rig, Seeded
from bench.seeding.vocabulary import words

BEFORE = "4,400 to 6,600 ms"
BEFORE_POSTGRES = "over 60,000 ms"


def searches() -> dict[str, str]:
    known = words()
    rarest = next(word for word in reversed(known) if word.isascii())
    return {
        "a frequent word": "dance",
        "a frequent word with accents": "café",
        "the rarest word": rarest,
        "Cyrillic": "танец",
        "Japanese": "散歩",
        "Arabic": "رقص",
        "the beginning of words": "moon",
        "a single letter": "d",
        "a word that no video has": "zzyzx",
        "two frequent words": "dance café",
        "a frequent and the rarest word": f"dance {rarest}",
        "four words": "dance walk café 散歩",
    }


def figures(rig: Rig) -> Iterator[Figure]:
    yield from _figures(rig, rig.large(), "processor")
    if rig.has_postgres:
        yield from _figures(rig, rig.seeded(rig.sizes[1], postgres=True), "elapsed", "PostgreSQL: ")


def _figures(rig: Rig, studio: Seeded, which: str, where: str = "") -> Iterator[Figure]:
    unit = "ms" if which == "processor" else "ms elapsed"
    before = BEFORE_POSTGRES if where else BEFORE
    inside = rig.inside(studio)
    for name, words_asked in searches().items():
        took = interleaved(rig.runs, clock(inside, f"/videos/?q={quote(words_asked)}", which))[0]
        yield Figure(f"{where}{name}", "≤ 150", took, unit, before=before)
    mixed = f"/videos/?q={quote('dance')}&person=1&resolution=480p"
    took = interleaved(rig.runs, clock(inside, mixed, which))[0]
    yield Figure(f"{where}a frequent word, a person and a resolution", "≤ 150", took, unit, before=before)
