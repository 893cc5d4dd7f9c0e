"""The client for a provider, with its key: the only place that joins the two."""

from django.conf import settings

from wanstudio.provider.client import Client


def connect(provider: str) -> Client:
    base_url, key = settings.PROVIDERS[provider]
    return Client(base_url, key, settings.APIXO_MODEL, read_timeout_s=settings.PROVIDER_READ_TIMEOUT_S)
