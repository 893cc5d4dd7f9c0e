"""The studio as its proxy reaches it: the settings of a public address, without starting it anew."""

import os
import runpy
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.test import Client

URL = "https://studio.example.com"
# Of this process: where its data lie, and what makes its tests quick.
OURS = ("DATABASES", "STORAGES", "PASSWORD_HASHERS", "SECRET_KEY", "LOGGING")


def https_settings() -> dict[str, Any]:
    """Every setting that is another one under https."""
    with patch.dict(os.environ, {"WANSTUDIO_URL": URL, "WANSTUDIO_TRUSTED_PROXIES": "127.0.0.0/8"}):
        public = runpy.run_module("wanstudio.settings")
    return {
        name: value
        for name, value in public.items()
        if name.isupper() and name not in OURS and value != getattr(settings, name, None)
    }


def through_proxy(**more: Any) -> Client:
    """A browser behind the proxy that ends TLS."""
    return Client(
        HTTP_HOST="studio.example.com",
        HTTP_X_FORWARDED_PROTO="https",
        HTTP_X_FORWARDED_FOR="203.0.113.7",
        REMOTE_ADDR="127.0.0.1",
        raise_request_exception=False,
        **more,
    )
