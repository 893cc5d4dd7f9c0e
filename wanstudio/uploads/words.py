"""Words of uploads: what an input is called, and every sentence about one that cannot be used."""

from django.utils.text import get_text_list

from wanstudio.keys import in_force
from wanstudio.uploads.models import Source

THINGS = {Source.Kind.CHARACTER: "picture", Source.Kind.MOTION: "clip"}
CONVERTED = ("HEIC", "AVIF")
"""Pictures that become JPEG, or PNG with transparency, when they are added."""
EMPTY = "“{name}” is empty. Nothing was sent; choose another {thing}."
BOTH = "Give either a file or a link for the {thing}, not both."
MISSING = "Add a {thing} first: a file ({formats}) or a link to one."
LINK_TOO_LONG = "This link is longer than 2,000 characters. Use a shorter one."
NO_LINK = "This is not a link we can read. It has to start with https:// or http://."
# Codes of the sentences that say the file's name.
NAMES_THE_FILE = {"empty", "too_large"}
TOO_LARGE = "“{name}” has {size}; a {thing} may have {limit}. Nothing was sent; choose a smaller {thing}."
DELETED = '“{}” is deleted. Videos made from it stay. <a href="{}">The bin</a> keeps it for 30 days.'


def formats_of(kind: str) -> str:
    """What can be added, in words: `JPEG, PNG, WebP, HEIC or AVIF`."""
    inputs = in_force.model().inputs
    formats = inputs.motion_formats if kind == Source.Kind.MOTION else (*inputs.image_formats, *CONVERTED)
    return get_text_list(list(formats), "or")
