"""Static files under hashed names, in templates, stylesheets and the imports of our JavaScript modules."""

from collections.abc import Callable
from re import Match

from whitenoise.storage import CompressedManifestStaticFilesStorage

OURS = "js/"


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
