"""Loaded before the settings: no test sees a developer's `.env`, key or data, and none can spend money."""

import os
import tempfile

OURS = ("APIXO_", "WANSTUDIO_", "AWS_", "SANDBOX_", "DATABASE_URL", "BROKER_URL", "EMAIL_URL", "SECRET_KEY")
for name in list(os.environ):
    if name.startswith(OURS) or name in ("HOST", "PORT", "DEBUG", "LOG_LEVEL", "LOG_FORMAT"):
        del os.environ[name]
os.environ["WANSTUDIO_ENV_FILE"] = ""
os.environ["WANSTUDIO_DATA"] = tempfile.mkdtemp(prefix="wanstudio-test-")
# The browser tests use the database from the thread that runs the browser's event loop.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
