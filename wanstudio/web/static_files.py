"""Static files under hashed names, in templates, stylesheets and the imports of our JavaScript modules."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from re import Match

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage

from wanstudio.data_files import folder, whole
from wanstudio.web import bundles

OURS = "js/"
# Open pages still load the files of their own version.
KEPT_S = 30 * 24 * 60 * 60


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Our modules import each other as `import { name } from "./module.js";`, which Django can find and rewrite.

    The road not taken: an import map needs no rewriting, but must stand inline, and the content policy refuses that.
    """

    support_js_module_import_aggregation = True
    # A pass settles one more level of imports.
    max_post_process_passes = 10

    def url_converter(self, name: str, *args: object, **options: object) -> Callable[[Match[str]], str]:
        # Scripts of packages name modules in comments, and Django takes those for imports of files that do not exist.
        if name.endswith(".js") and not name.startswith(OURS):
            return lambda found: found["matched"]
        converter: Callable[[Match[str]], str] = super().url_converter(name, *args, **options)
        return converter

    def post_process(self, paths: bundles.Paths, *args: object, **options: object) -> Iterator[tuple[str, str, bool]]:
        yield from super().post_process(bundles.bundled(paths), *args, **options)

    def collect(self) -> bool:
        """Collect, hash and compress, unless that was done by this code, of these very files. Returns whether it was.

        Each version's manifest is kept with its files, so that going back, and forth again, collects nothing. A crash
        in between leaves no note, and the next start looks again.
        """
        digest, note = self._digest(), self._note()
        if note.exists() and note.read_text() == digest and self._is_whole(self.hashed_files):
            return False
        note.unlink(missing_ok=True)
        manifest, kept = Path(self.path(self.manifest_name)), self._kept(digest)
        is_new = not kept.exists() or not self._is_whole(json.loads(kept.read_text())["paths"])
        if is_new and not self._take_built(kept.name):
            call_command("collectstatic", verbosity=0, interactive=False)
        source, target = (manifest, kept) if is_new else (kept, manifest)
        with whole(target) as file:
            file.write(source.read_bytes())
        note.write_text(digest)
        return is_new

    def _take_built(self, manifest: str) -> bool:
        """Copy what was collected as the image was built. Read there, the files of earlier versions would be gone."""
        built = Path(settings.BASE_DIR) / "collected"
        if not (built / manifest).exists():
            return False
        for path in (each for each in built.rglob("*") if each.is_file()):
            target = Path(self.path(str(path.relative_to(built))))
            folder(target.parent)
            shutil.copyfile(path, target)
        return True

    def _is_whole(self, hashed: dict[str, str]) -> bool:
        return bool(hashed) and all(self.exists(name) for name in hashed.values())

    def _note(self) -> Path:
        return Path(f"{self.location}.collected")

    def _kept(self, digest: str) -> Path:
        """The manifest of the version with this digest."""
        return Path(self.path(f"staticfiles-{digest}.json"))

    @staticmethod
    def _digest() -> str:
        """Of every file that is collected, and of what rewrites and compresses them."""
        digest = hashlib.sha256(Path(__file__).read_bytes() + Path(bundles.__file__).read_bytes())
        digest.update(repr([version(package) for package in ("django", "whitenoise", "brotli")]).encode())
        for finder in get_finders():
            for name, storage in sorted(finder.list(None), key=lambda found: str(found[0])):
                with storage.open(name) as file:
                    digest.update(f"{name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
        return digest.hexdigest()

    def mark_current(self) -> None:
        """Note that what is collected now is in use. Hashed names only: the time of others says what to collect."""
        manifests = [self._kept(note.read_text())] if (note := self._note()).exists() else []
        for path in (*self._with_compressed(self.hashed_files.values()), *manifests):
            with suppress(FileNotFoundError):
                os.utime(path)

    def delete_old(self) -> int:
        """Delete what no version of the last 30 days had; returns how many."""
        kept = {*self._with_compressed(self.hashed_files), Path(self.path(self.manifest_name))}
        found = [path for path in Path(self.location).rglob("*") if path.is_file() and path not in kept]
        old = [path for path in found if time.time() - path.stat().st_mtime > KEPT_S]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _with_compressed(self, names: Iterable[str]) -> list[Path]:
        return [Path(self.path(name + end)) for name in names for end in ("", ".gz", ".br")]
