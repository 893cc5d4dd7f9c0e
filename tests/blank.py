"""Loaded before the settings: no test sees a developer's `.env`, key or data, and none can spend money."""

import os
import tempfile

for name in list(os.environ):
    if name.startswith(("APIXO_", "WANSTUDIO_", "AWS_", "SANDBOX_")) or name in ("DATABASE_URL", "EMAIL_URL", "SECRET_KEY"):
        del os.environ[name]
os.environ["WANSTUDIO_ENV_FILE"] = ""
os.environ["WANSTUDIO_DATA"] = tempfile.mkdtemp(prefix="wanstudio-test-")
# The browser tests use the database from the thread that runs the browser's event loop.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
