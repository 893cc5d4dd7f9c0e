"""The worker's step for uploads: a poster for a linked input."""

from datetime import timedelta

from wanstudio.media import isolated
from wanstudio.media.errors import FetchError, MediaError
from wanstudio.media.remote_file import RemoteFile
from wanstudio.uploads import verbs
from wanstudio.uploads.models import Source
from wanstudio.web.addresses import fetcher
from wanstudio.work import registry

MAX_CLAIMS = 3


def make_poster(source: Source) -> None:
    """A still of what is behind a link, so that browsers load nothing from foreign hosts. Given up after 3 claims."""
    if source.poster or source.claims > MAX_CLAIMS:
        return source.postpone(None)
    remote = RemoteFile(fetcher(), source.url, max_bytes=64 * 1024 * 1024, max_requests=200, deadline_s=12)
    try:
        verbs.keep_poster(source, isolated.poster(remote, clip=source.is_motion))
    except (FetchError, MediaError):
        return source.postpone(timedelta(seconds=30))
    return source.postpone(None)


registry.register(Source, make_poster)
