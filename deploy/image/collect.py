"""Static files of the image: collected, hashed and compressed once, as `manage.py prepare` does it elsewhere."""

import os
import sys
from pathlib import Path

STUDIO = Path.cwd()


def main() -> None:
    sys.path.insert(0, str(STUDIO))
    os.environ |= {"DJANGO_SETTINGS_MODULE": "wanstudio.settings", "WANSTUDIO_ENV_FILE": ""}
    import django

    django.setup()
    from wanstudio.web.static_files import StaticFiles

    StaticFiles().collect()


if __name__ == "__main__":
    main()
