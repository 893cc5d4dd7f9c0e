"""Words of the studio: its two slots, why Generate is disabled, and why an order is refused."""

from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings

from wanstudio.keys import in_force
from wanstudio.uploads.models import Source


@dataclass(frozen=True)
class SlotWords:
    """`accept` is what the browser's file dialog offers."""

    thing: str
    invitation: str
    tips: tuple[str, ...]
    accept: str
    absent: str
    coming: str


SLOTS = {
    Source.Kind.CHARACTER: SlotWords(
        thing="picture",
        invitation="Drop a picture of your character",
        tips=("Whole body", "Face visible", "One person"),
        accept="image/jpeg,image/png,image/webp,image/heic,image/avif,.jpg,.jpeg,.png,.webp,.heic,.heif,.avif",
        absent="a character",
        coming="the picture",
    ),
    Source.Kind.MOTION: SlotWords(
        thing="clip",
        invitation="Drop a clip of the motion",
        tips=("One person, whole body in frame", "No cuts", "Steady camera"),
        accept="video/mp4,video/quicktime,video/x-m4v,video/webm,video/x-matroska,video/3gpp,.mp4,.mov,.m4v,.webm,.mkv,.3gp",
        absent="a motion",
        coming="the clip",
    ),
}
SEED_MODES = [("random", "Random"), ("fixed", "Fixed"), ("provider", f"Let {in_force.MAIN.display_name} choose")]
NOT_IN_CLIP = "Choose a part inside the clip."
SEED_MISSING = "Enter a seed, or choose Random. Nothing was sent."
SEED_RANGE = "Enter a whole number from 0 to {max:,}, or -1. Nothing was sent."
NOT_YOURS = "This {kind} is not in your team's uploads. Nothing was sent; add it again."
ASKED = "Requested ${price}. It starts once an owner or admin approves."
GIVE_A_LINK = (
    "Nothing was sent or charged. Use a link instead, or ask the person who runs the studio to set WANSTUDIO_URL to "
    "its public https address, or AWS_STORAGE_BUCKET_NAME to a bucket."
)
BUCKET_TO_MEND = (
    "Nothing was sent or charged. Use a link instead, or ask the person who runs the studio to check the bucket in "
    "Settings."
)


def give_a_link() -> str:
    """The consequence and the ways out, where uploads cannot be sent."""
    return BUCKET_TO_MEND if settings.BUCKET else GIVE_A_LINK


def missing(absent: Collection[Source.Kind], coming: Collection[Source.Kind]) -> str:
    """Why Generate is disabled: an input is missing, or still arriving."""
    if absent:
        return f"Add {' and '.join(SLOTS[kind].absent for kind in absent)} first."
    return f"Waiting for {' and '.join(SLOTS[kind].coming for kind in coming)}." if coming else ""
