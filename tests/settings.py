"""The studio's settings with what makes tests quick; nothing of its behaviour is changed."""

import re

from wanstudio.settings import *  # noqa: F403
from wanstudio.settings import DATA_DIR, DATABASES, STORAGES

# Locks are waited for as long as a machine needs on which every step takes ten times longer.
options = DATABASES["default"]["OPTIONS"]
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, because the worker's threads each open a connection of their own.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
    options["timeout"] = 120
else:
    options["connect_timeout"] = 60
    options["options"] = re.sub(r"(?<=timeout=)\d+s", "300s", options["options"])
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
(DATA_DIR / "static").mkdir(exist_ok=True)
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
