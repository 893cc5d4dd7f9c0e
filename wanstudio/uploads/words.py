"""Words of uploads: what an input is called, and every sentence about one that cannot be used."""

from enum import StrEnum

from django.utils.text import get_text_list

from wanstudio.keys import in_force
from wanstudio.uploads.crops import MIN_SIDE, NoCrop
from wanstudio.uploads.models import Facts, Source

THINGS = {Source.Kind.CHARACTER: "picture", Source.Kind.MOTION: "clip"}
CONVERTED = ("HEIC", "AVIF")
"""Pictures that become JPEG, or PNG with transparency, when they are added."""
CONVERTED_CLIPS = ("WebM", "MKV")
"""Clips that are sent as MP4."""
EMPTY = "“{name}” is empty. Nothing was sent; choose another {thing}."
BOTH = "Give either a file or a link for the {thing}, not both."
MISSING = "Add a {thing} first: a file ({formats}) or a link to one."
NOT_BROUGHT_IN = "The {thing} could not be imported. You can still use the link."
LINK_TOO_LONG = "This link is longer than 2,000 characters. Use a shorter one."
NO_LINK = "This is not a valid link. It must start with https:// or http://."
# Codes of the sentences that say the file's name.
NAMES_THE_FILE = {"empty", "too_large", "no_room"}
TOO_LARGE = "“{name}” is {size}; the limit for a {thing} is {limit}. Nothing was sent; choose a smaller {thing}."
NO_ROOM = (
    "“{name}” is {size}, and your team has {left} left of its {limit} for uploads. Nothing was sent; delete uploads "
    "that you no longer need, also from the bin, or choose a smaller {thing}."
)
# What the tus protocol says to its clients; a page shows only the first five of them.
SIGNED_OUT = "You are signed out. The part that has arrived is kept for a day: sign in again and continue."
TOO_MANY_PARTS = "You have too many unfinished uploads. Finish or cancel some of them first."
NO_SUCH_PART = "There is no such upload, or you cannot use it."
GONE_PART = "The part of this upload that had arrived was deleted. Send the file again."
NOT_WHOLE = "A part of this file has not arrived yet. Send the rest of it first."
BUSY_PART = "Another request is writing to this upload. Try again in a moment."
WRONG_METHOD = "This address does not allow this method."
WRONG_VERSION = "Send the header Tus-Resumable: {version}."
NOT_OFFERED = "{header} is not supported."
NO_NUMBER = "The header {header} is missing or not a number."
WRONG_METADATA = "The header Upload-Metadata cannot be read, or is too long."
NO_KIND = "Name the kind in Upload-Metadata: character or motion."
WRONG_PIECE = "Send each piece as {type}."
WRONG_OFFSET = "The next piece must begin at {offset}."
BEYOND_END = "This is more than the {size} bytes that were announced."
NO_CHECKSUM = "The header Upload-Checksum must be one of {algorithms}, then the checksum in base64."
WRONG_CHECKSUM = "The piece does not match its checksum. None of it was kept; send it again."
NOT_IN_CLIP = "This part is not in the clip, which is {duration:.1f} s long. Nothing was sent; choose another part."
ONLY_FILES = "Only a clip that was added as a file can be cut. Nothing was sent; download it and add it here."
NOT_A_CROP = "This frame does not fit the picture, which is {size}. Nothing was sent; choose another frame."
CROP_SMALL = "This frame is only {size} pixels. Nothing was sent; choose one of at least {limit} pixels on each side."
ONLY_PICTURES = "A picture behind a link is sent as it is. Nothing was sent; to crop it, add it as a file."
ADDED = "“{name}” is added."
NO_FILE = "Choose a picture or a clip first. Nothing was added."
NO_NAME = "A name needs at least one letter. Nothing was changed."
DELETED = '“{}” is in <a href="{}">the bin</a> for 30 days. Videos made from it stay.'


class Level(StrEnum):
    """How bad a finding of the preflight is, the worst first."""

    WARN = "warn"
    HINT = "hint"


PREFLIGHT: dict[str, tuple[Level, str, str]] = {
    "picture_small": (
        Level.WARN,
        "The picture is only {size}.",
        "The character comes out blurred. Use a picture with at least {limit} pixels on each side.",
    ),
    "picture_large": (
        Level.WARN,
        "The picture is {size}.",
        "More than {limit} pixels on a side can be refused. Scale it down; they do not improve the result.",
    ),
    "picture_ratio": (
        Level.WARN,
        "The picture is {size}, longer than {limit}:1.",
        "The model is not made for such a shape. Crop the picture.",
    ),
    "picture_webp": (
        Level.HINT,
        "The picture is a WebP.",
        "Compressed edges can flicker in the video. A PNG or a JPEG of high quality is safer.",
    ),
    "picture_compressed": (
        Level.HINT,
        "The picture is heavily compressed.",
        "Its blocks and fringes can show in the video. Use the original if you have it.",
    ),
    "clip_small": (
        Level.WARN,
        "The clip is only {size}.",
        "The motion is hard to read, and the price is the same. Use a clip with at least {limit} pixels on each side.",
    ),
    "clip_large": (
        Level.WARN,
        "The clip is {size}.",
        "More than {limit} pixels on a side can be refused. Export it at 1080p.",
    ),
    "clip_ratio": (
        Level.WARN,
        "The clip is {size}, longer than {limit}:1.",
        "The model is not made for such a shape. Crop the clip.",
    ),
    "clip_codec": (
        Level.WARN,
        "The clip is coded as {codec}.",
        "Sent whole it stays so, and only {named} is certain to be accepted. A part of a file is sent as {named}: "
        "cut off a moment of it.",
    ),
    "clip_fps": (
        Level.HINT,
        "The clip has {fps} frames a second.",
        "The model works with at most {limit}; the result has fewer than the clip.",
    ),
    "clip_drift": (
        Level.HINT,
        "More than {seconds} s are sent.",
        "Face and clothes can change over time. A shorter part stays closer to the picture.",
    ),
    "clip_cut": (Level.WARN, "The clip has a cut at {at:.1f} s.", "Wan follows one continuous shot: {follows}."),
    "clip_cuts": (
        Level.WARN,
        "The clip has {count} cuts, the first at {at:.1f} s.",
        "Wan follows one continuous shot: {follows}.",
    ),
    "clip_black": (
        Level.WARN,
        "The clip is black from {start:.1f} to {end:.1f} s.",
        "There is no motion to follow, and these seconds are billed.",
    ),
    "clip_frozen": (
        Level.WARN,
        "The clip is frozen from {start:.1f} to {end:.1f} s.",
        "The character stops there, and these seconds are billed.",
    ),
    "clip_blurred": (
        Level.HINT,
        "The clip is blurred from {start:.1f} to {end:.1f} s.",
        "The motion is hard to read there, and these seconds are billed.",
    ),
    "ratio_animate": (
        Level.WARN,
        "The picture ({picture}) and the clip ({clip}) have different shapes.",
        "Animate keeps the picture's shape, so parts of the motion can fall outside of it.",
    ),
    "ratio_replace": (
        Level.WARN,
        "The picture ({picture}) and the clip ({clip}) have different shapes.",
        "Replace keeps the clip's shape, with the picture fitted into it: the character can come out small.",
    ),
}
"""Sentences by the rule that is broken: how bad it is, the fact, and what it means."""
CUT_FOLLOWS = {
    "animate": "your character can jump or change its look there",
    "replace": "after the cut, it can lose the person to replace",
}
CUT_OUT_FIRST = "Cut out the first {seconds:.1f} s"
CUT_OUT_LAST = "Cut out the last {seconds:.1f} s"
KEEP_PART = "Keep {start:.1f} to {end:.1f} s"
"""On the buttons of findings that a shorter part does not have."""


def formats_of(kind: str) -> str:
    """What can be added, in words: `JPEG, PNG, WebP, HEIC or AVIF`."""
    inputs = in_force.model().inputs
    formats = (
        (*inputs.motion_formats, *CONVERTED_CLIPS)
        if kind == Source.Kind.MOTION
        else (*inputs.image_formats, *CONVERTED)
    )
    return get_text_list(list(formats), "or")


def no_crop(wrong: NoCrop, picture: Source | Facts | None) -> str:
    if wrong.too_small:
        return CROP_SMALL.format(size=wrong.too_small, limit=MIN_SIDE)
    return NOT_A_CROP.format(size=f"{picture.width} × {picture.height}" if picture else "")
