"""Whole files: the media on the disk, each of them whole or not there."""

import os
import shutil
from pathlib import Path
from typing import BinaryIO

from django.core.files import File
from django.core.files.storage import FileSystemStorage


class WholeFiles(FileSystemStorage):
    """Stores a file whole, or leaves nothing of it: on a full disk Django's own would keep a half."""

    def _save(self, name: str, content: "File[bytes]") -> str:
        try:
            return str(super()._save(name, content))  # type: ignore[misc]
        except OSError:
            Path(self.path(name)).unlink(missing_ok=True)
            raise

    def used(self, name: str) -> None:
        """What is used now is swept later."""
        os.utime(self.path(name))

    def copy_to(self, name: str, target: BinaryIO) -> None:
        with self.open(name, "rb") as file:
            shutil.copyfileobj(file, target, 1024 * 1024)


class Moved(File):  # type: ignore[type-arg]
    """A file that storage takes by renaming it instead of copying hundreds of megabytes."""

    def temporary_file_path(self) -> str:
        return str(self.name)
