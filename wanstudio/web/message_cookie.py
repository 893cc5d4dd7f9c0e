"""Messages for the next page: in a cookie of this host alone, or in the session if they are long."""

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.http import HttpRequest


class HostCookie(CookieStorage):
    def __init__(self, request: HttpRequest, *args: object, **kwargs: object) -> None:
        super().__init__(request, *args, **kwargs)
        self.cookie_name = "__Host-messages" if settings.HTTPS else "wanstudio_messages"


class Storage(FallbackStorage):
    storage_classes = (HostCookie, SessionStorage)
