"""Sample entries of MP4 and MOV files: which codec their four letters mean, and the shape of their pixels."""

from fractions import Fraction

_CODES = {
    "h264": "avc1 avc2 avc3 avc4 dvav dva1 ai5p ai5q ai52 ai53 ai55 ai56 ai1p ai1q ai12 ai13 ai15 ai16 AVin",
    "hevc": "hvc1 hev1 dvh1 dvhe",
    "prores": "apch apcn apcs apco ap4h ap4x",
    "prores_raw": "aprn aprh",
    "av1": "av01",
    "vp8": "vp08 VP80",
    "vp9": "vp09 VP90",
    "vvc": "vvc1 vvi1",
    "mpeg4": "mp4v XVID xvid DIVX DX50 3IV2",
    "h263": "s263 h263 H263 U263 M263",
    "mjpeg": "jpeg mjpa AVDJ dmb1 AVRn",
    "mjpegb": "mjpb",
    "mpeg1video": "mpeg m1v m1v1 mp1v",
    "mpeg2video": "m2v1 mp2v xdv1 xdv2 xdv3 xdv4 xdv5 xdv6 xdv7 xdv8 xdv9 xdva xdvb xdvc xdvd xdve xdvf xd51 xd54 "
    "xd55 xd59 xd5a xd5b xd5c xd5d xd5e xd5f mx5n mx5p mx4n mx4p mx3n mx3p "
    "hdv1 hdv2 hdv3 hdv4 hdv5 hdv6 hdv7 hdv8 hdv9 hdva",
    "dvvideo": "dvc dvcp dvpp dv5p dv5n dvhp dvhq dvh6 dvh5 dvh3 dvh2",
    "dnxhd": "AVdn AVdh",
    "rawvideo": "AVup raw yuv2 2vuy yuvs 2Vuy UYVY v308 v408 v410 b16g b48r b64a L555 L565 B565 24BG BGRA ABGR RGBA",
    "v210": "v210",
    "r10k": "R10k R10g",
    "r210": "r210",
    "png": "png PNG",
    "jpeg2000": "mjp2",
    "svq1": "svq1 SVQ1 svqi",
    "svq3": "SVQ3",
    "qtrle": "rle",
    "rpza": "rpza",
    "smc": "smc",
    "cinepak": "cvid",
    "cfhd": "cfhd CFHD",
    "hap": "HapY Hap1 Hap5 HapA HapM",
    "ffv1": "FFV1",
    "vc1": "vc-1 WVC1",
    "theora": "theo",
    "apv": "apv1",
}
# As FFmpeg does, without regard to capitals.
_CODECS = {code.upper(): codec for codec, codes in _CODES.items() for code in codes.split()}
DECODED = frozenset(_CODES)
"""All that the decoder knows, by the names that FFmpeg has for them."""


def codec_of(fourcc: str) -> str:
    """`h264` for `avc1`; for an unknown codec its own four letters."""
    code = fourcc.strip(" \0")
    return _CODECS.get(code.upper(), code.lower())


def pixel_of(width: int, height: int) -> Fraction:
    """Width of a pixel to its height; square where it says nothing or nonsense."""
    shape = Fraction(width, height) if width > 0 and height > 0 else Fraction(1)
    return shape if Fraction(1, 8) <= shape <= 8 else Fraction(1)
