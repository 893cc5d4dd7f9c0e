"""The HTML of a mail, made from its text: paragraphs, a button for a link, a quiet foot."""

from typing import NamedTuple

from django.conf import settings
from django.template.loader import render_to_string

FOOT = "\n-- \n"


class Piece(NamedTuple):
    """A paragraph's lines, and the link that stands beneath them alone (or empty)."""

    lines: list[str]
    link: str


def as_html(subject: str, text: str) -> str:
    """`text` is plain: everything in it is escaped. Only links to the studio become buttons."""
    body, _, foot = text.rpartition(FOOT) if FOOT in text else (text, "", "")
    return render_to_string(
        "mail.html", {"subject": subject, "pieces": _pieces(body), "foot": foot.strip().splitlines()}
    )


def _pieces(body: str) -> list[Piece]:
    pieces: list[Piece] = []
    for paragraph in body.strip().split("\n\n"):
        lines = [line for line in paragraph.splitlines() if line.strip()]
        links = [line.strip() for line in lines if _is_link(line.strip())]
        words = [line for line in lines if not _is_link(line.strip())]
        pieces.append(Piece(words, links[0] if links else ""))
    return pieces


def _is_link(line: str) -> bool:
    """To the studio itself: a link that a guest wrote into a comment is left as it is."""
    return line.startswith(f"{settings.LINK_BASE}/") and " " not in line
