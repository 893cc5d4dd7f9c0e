"""Callback links: the address of one attempt, for the provider."""

from django.conf import settings
from django.urls import reverse

from wanstudio.jobs.models.attempt import Attempt
from wanstudio.provider import providers


def callback_link(attempt: Attempt) -> str:
    hook = providers.get(attempt.provider).hook
    return str(settings.LINK_BASE + reverse(f"hooks.{hook}", args=[attempt.callback_token]))
