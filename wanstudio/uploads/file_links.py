"""Input links: where the provider finds an upload."""

from django.conf import settings
from django.core import signing
from django.urls import reverse

from wanstudio.uploads.models import Source

# A provider may fetch its inputs late in a long queue.
FILE_LINK_S = 24 * 60 * 60
_SALT = "wanstudio.files"


def input_link(source: Source) -> str:
    """Where the provider finds this input: the link as it was given, or a signed one to our file."""
    if source.url:
        return source.url
    name = f"{source.kind}.{source.format.lower()}"
    return settings.LINK_BASE + reverse("files.show", args=[signing.dumps(source.pk, salt=_SALT), name])


def source_of(signed: str) -> int | None:
    """The id in a file link, or None if it is forged or over 24 h old."""
    try:
        pk = signing.loads(signed, salt=_SALT, max_age=FILE_LINK_S)
    except signing.BadSignature:
        return None
    return pk if isinstance(pk, int) else None
