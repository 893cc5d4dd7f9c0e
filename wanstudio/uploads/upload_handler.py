"""The receiver of uploads: on disk, and no more of one than could be accepted."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler


class CappedUploadHandler(TemporaryFileUploadHandler):
    """Keeps up to one byte more than the largest file that is allowed; the rest is counted, not kept.

    So the form still sees that, and how much, a file is too large, and says so beside its field, while nobody
    can fill the disk. Somebody who is not signed in may upload nothing at all.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        user = getattr(self.request, "user", None)
        if user is None or not user.is_authenticated:
            raise StopUpload(connection_reset=True)
        super().new_file(*args, **kwargs)
        self._room = max(settings.CLIP_MAX_BYTES, settings.IMAGE_MAX_BYTES) + 1

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self._room > 0:
            self.file.write(raw_data[: self._room])
            self._room -= len(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile[bytes]:
        self.file.seek(0)
        self.file.size = file_size
        return self.file
