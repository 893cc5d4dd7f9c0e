"""Mails, sent by the worker to a server that takes them, refuses them, or is not there."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from tests.mailbox import Mailbox, mailbox, text
from wanstudio.work.advance import advance, due
from wanstudio.work.mails import Mail, post_mail

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def box(settings: Any) -> Iterator[Mailbox]:
    with mailbox() as box:
        settings.EMAIL_URL = f"smtp://127.0.0.1:{box.port}"
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
        yield box


def posted(**fields: Any) -> Mail:
    defaults = {"to": "dana@example.com", "subject": "Hello\nDana", "text": "Look: https://studio.example/x"}
    return post_mail(**{**defaults, **fields})


def again(mail: Mail) -> None:
    """Its time has come."""
    Mail.objects.filter(pk=mail.pk).update(due_at=timezone.now() - timedelta(seconds=1))
    advance(Mail, mail.pk)
    mail.refresh_from_db()


def test_mail_arrives_once_and_its_text_is_deleted(box: Mailbox) -> None:
    mail = posted(headers={"List-Unsubscribe": "<https://studio.example/u>"})
    assert due(Mail) == [mail.pk]
    again(mail)
    again(mail)
    assert len(box.mails) == 1
    arrived = box.to("dana@example.com")
    assert arrived["Subject"] == "Hello Dana"
    assert arrived["List-Unsubscribe"] == "<https://studio.example/u>"
    assert "https://studio.example/x" in text(arrived)
    assert mail.sent_at
    assert not mail.text


def test_rolled_back_mail_is_not_sent(box: Mailbox) -> None:
    with transaction.atomic():
        posted()
        transaction.set_rollback(True)
    assert due(Mail) == []


def test_busy_server_gets_the_mail_later(box: Mailbox) -> None:
    box.answers["dana@example.com"] = "451 greylisted"
    mail = posted()
    again(mail)
    assert "451 greylisted" in mail.problem
    assert mail.due_at is not None
    assert mail.due_at > timezone.now()
    del box.answers["dana@example.com"]
    again(mail)
    assert mail.sent_at
    assert not mail.problem


def test_unknown_address_is_given_up_with_the_reason(box: Mailbox) -> None:
    box.answers["dana@example.com"] = "550 no such user"
    mail = posted()
    again(mail)
    assert mail.gave_up_at
    assert mail.problem == "The mail server rejects this address: 550 no such user"
    assert not mail.text
    assert mail.due_at is None


def test_mail_is_given_up_after_a_day(box: Mailbox, settings: Any) -> None:
    settings.EMAIL_PORT = 9
    mail = posted()
    again(mail)
    assert mail.problem.startswith("The mail server cannot be reached")
    assert mail.due_at
    Mail.objects.filter(pk=mail.pk).update(created_at=timezone.now() - timedelta(hours=25))
    again(mail)
    assert mail.gave_up_at


def test_mail_without_a_server_says_so(settings: Any) -> None:
    settings.EMAIL_URL = ""
    mail = posted()
    assert mail.gave_up_at
    assert "EMAIL_URL is not set" in mail.problem
    assert not mail.text


def test_html_of_a_mail_escapes_its_text(box: Mailbox, settings: Any) -> None:
    settings.ADDRESS = "https://studio.example"
    mail = posted(
        text="“<b>Mira</b>” is ready.\nhttps://elsewhere.example/\n\nhttps://studio.example/jobs/1/\n\n-- \nStop: https://studio.example/u\n"
    )
    again(mail)
    arrived: Any = box.to("dana@example.com")
    html = arrived.get_body(("html",)).get_content()
    assert "&lt;b&gt;Mira&lt;/b&gt;" in html
    assert 'href="https://studio.example/jobs/1/"' in html
    assert 'href="https://studio.example/u"' in html
    assert 'href="https://elsewhere' not in html
