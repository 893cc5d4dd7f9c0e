"""Codecs of clips by the names that people know."""

_NAMES = {
    "h264": "H.264",
    "hevc": "HEVC (H.265)",
    "prores": "ProRes",
    "av1": "AV1",
    "vp9": "VP9",
    "mpeg4": "MPEG-4 Part 2",
    "vp8": "VP8",
    "mpeg1video": "MPEG-1",
    "mpeg2video": "MPEG-2",
    "mjpeg": "Motion JPEG",
    "h263": "H.263",
    "vvc": "VVC (H.266)",
    "dnxhd": "DNxHD",
    "dvvideo": "DV",
    "prores_raw": "ProRes RAW",
    "qtrle": "QuickTime Animation",
}


def codec_name(codec: str) -> str:
    return _NAMES.get(codec, codec.upper())
