"""Codecs of clips by the names that people know."""

_NAMES = {
    "h264": "H.264",
    "hevc": "HEVC (H.265)",
    "prores": "ProRes",
    "av1": "AV1",
    "vp9": "VP9",
    "mpeg4": "MPEG-4 Part 2",
}


def codec_name(codec: str) -> str:
    return _NAMES.get(codec, codec.upper())
