"""Loaded before the settings: no test sees a developer's `.env`, key or data, and none can spend money."""

import atexit
import os
import shutil
import tempfile
from contextlib import ExitStack

from tests import servers

# `WANSTUDIO_TEST_DATABASE=postgres`: the same tests on a PostgreSQL of their own.
DATABASE = os.environ.get("WANSTUDIO_TEST_DATABASE", "sqlite")
# `WANSTUDIO_TEST_WINDOW=phone`: the browser tests in the window of a phone.
WINDOW = os.environ.get("WANSTUDIO_TEST_WINDOW", "wide")
OURS = ("APIXO_", "WANSTUDIO_", "AWS_", "SANDBOX_", "DATABASE_URL", "BROKER_URL", "EMAIL_URL", "SECRET_KEY")
for name in list(os.environ):
    if name.startswith(OURS) or name in ("HOST", "PORT", "DEBUG", "SENTRY_DSN", "LOG_LEVEL", "LOG_FORMAT"):
        del os.environ[name]
os.environ["WANSTUDIO_ENV_FILE"] = ""
os.environ["WANSTUDIO_DATA"] = data = tempfile.mkdtemp(prefix="wanstudio-test-")
atexit.register(shutil.rmtree, data, ignore_errors=True)
# For the processes among which the tests are shared out.
os.environ |= {"WANSTUDIO_TEST_DATABASE": DATABASE, "WANSTUDIO_TEST_WINDOW": WINDOW}
if DATABASE == "postgres":
    over = ExitStack()
    os.environ["DATABASE_URL"] = over.enter_context(servers.postgres()).url
    atexit.register(over.close)
# The browser tests use the database from the thread that runs the browser's event loop.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
