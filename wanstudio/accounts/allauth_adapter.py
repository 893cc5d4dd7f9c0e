"""Adapters for allauth: people are invited, its mails go through the worker, its secrets are encrypted."""

from datetime import timedelta

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.encryption.allauth_secrets import decrypt, encrypt
from wanstudio.work.mails import Mail, post_mail

# A stranger may ask for a new password again and again; the mailbox must not fill up with it.
MIN_MAIL_INTERVAL = timedelta(minutes=1)


def sign_in(request: HttpRequest, who: User) -> None:
    """In with a new account, without allauth's own steps: the session is listed among theirs all the same."""
    login(request, who, backend=settings.AUTHENTICATION_BACKENDS[0])
    UserSession.objects.create_from_request(request)


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account.show")

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: object) -> str:
        """By address and account together: guessing from elsewhere does not lock the owner out."""
        account = super()._get_login_attempts_cache_key(request, **credentials)
        return f"{self.get_client_ip(request)}:{account}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, object]) -> None:
        """As a row for the worker: the page neither waits for the mail server, nor tells by its time who is known."""
        message = self.render_mail(template_prefix, email, context)
        lately = Mail.objects.filter(
            to=email, subject=message.subject, created_at__gt=timezone.now() - MIN_MAIL_INTERVAL
        )
        if not lately.exists():
            post_mail(to=email, subject=message.subject, text=message.body)

    def format_email_subject(self, subject: str) -> str:
        return subject


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc]
    def encrypt(self, text: str) -> str:
        return encrypt(text, "second factor")

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text, "second factor")

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return entity | {"name": "Wan Studio"}
