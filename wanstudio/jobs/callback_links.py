"""Callback links: the address of one attempt, for the provider."""

from django.conf import settings
from django.urls import reverse

from wanstudio.jobs.models.attempt import Attempt


def callback_link(attempt: Attempt) -> str:
    return str(settings.LINK_BASE + reverse("hooks.apixo", args=[attempt.callback_token]))
