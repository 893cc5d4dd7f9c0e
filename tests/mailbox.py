"""A mail server on loopback that keeps what it is given, and answers as a test tells it to."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from threading import Condition
from typing import Any

from aiosmtpd.controller import Controller

LATE_S = 60


class Mailbox:
    """`mails` as they came; `answers` by address: what to say instead of taking its mail."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.answers: dict[str, str] = {}
        self.port = 0
        self._came = Condition()

    async def handle_RCPT(  # noqa: N802 (the server's name)
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if answer := self.answers.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (the server's name)
        with self._came:
            self.mails.append(message_from_bytes(envelope.content, policy=default))
            self._came.notify_all()
        return "250 OK"

    def to(self, address: str, about: str = "", timeout_s: float = LATE_S) -> Message:
        """The newest mail to this address whose subject holds `about`, waited for."""
        with self._came:
            came = self._came.wait_for(lambda: self._all(address, about), timeout_s)
            assert came, f"no mail to {address} about “{about}”, but {[mail['Subject'] for mail in self.mails]}"
            return self._all(address, about)[-1]

    def _all(self, address: str, about: str) -> list[Message]:
        return [mail for mail in self.mails if address in mail["To"] and about in mail["Subject"]]

    def link_to(self, address: str, about: str = "") -> str:
        """The first address in that mail."""
        found = re.search(r"https?://\S+", text(self.to(address, about, LATE_S)))
        assert found
        return found[0]


def text(mail: Message) -> str:
    """The plain words of it."""
    plain = mail.get_body(("plain",)) if isinstance(mail, EmailMessage) else None
    assert plain
    return str(plain.get_content())


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    controller = _AnyPort(box, hostname="127.0.0.1", port=0)
    controller.start()
    box.port = controller.port
    try:
        yield box
    finally:
        controller.stop()


class _AnyPort(Controller):
    """On a port that the system picks: the original looks for its server at the port it was told."""

    def _trigger_server(self) -> None:
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]
