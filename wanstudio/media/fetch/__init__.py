"""Fetching URLs that people gave, without becoming their way into our network.

fetcher       whole files, parts, and webhooks: every hop checked anew
opened        an answer whose body is still arriving
remote_file   a file on a server as a seekable file, within a budget
unpacked      a delivery that was compressed unasked
"""

from wanstudio.media.errors import FetchError, FetchProblem

from .fetcher import Download, Fetcher, Limits
from .remote_file import UNKNOWN_SIZE, RemoteFile

__all__ = ["UNKNOWN_SIZE", "Download", "FetchError", "FetchProblem", "Fetcher", "Limits", "RemoteFile"]
