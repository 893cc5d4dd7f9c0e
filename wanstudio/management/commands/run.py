"""`manage.py run`: the whole studio on one machine."""

import os
import signal
import socket
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from wanstudio.management.reach import require_database
from wanstudio.models import Job, User
from wanstudio.models.job_states import ENDED
from wanstudio.options import is_loopback
from wanstudio.supervisor import Child, manage_command, supervise, web_command
from wanstudio.views.first_run import setup_code


class Command(BaseCommand):
    help = "Runs web, worker, (with a broker) beat and (without a key) the sandbox, and keeps them alive."

    def handle(self, *args: Any, **options: Any) -> None:
        os.chdir(settings.BASE_DIR)
        require_database()
        children = [
            Child("web", web_command(settings.HOST, settings.PORT)),
            Child("worker", manage_command("work")),
        ]
        if settings.BROKER_URL:
            children.append(Child("beat", manage_command("beat")))
        self._refuse_taken(settings.HOST, settings.PORT, "PORT")
        # Jobs finish where they began: a key that was added yesterday strands none of the sandbox's, the unconfirmed
        # ones included, for which it may still call back.
        if settings.PROVIDER == "sandbox" or Job.objects.filter(provider="sandbox").exclude(state__in=ENDED).exists():
            self._refuse_taken("127.0.0.1", settings.SANDBOX_PORT, "SANDBOX_PORT")
            children.append(Child("sandbox", manage_command("sandbox")))
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: stop.set())
        self._greet()
        supervise(children, stop)

    def _refuse_taken(self, host: str, port: int, variable: str) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as wrong:
                raise CommandError(
                    f"Port {port} on {host} cannot be used ({wrong.strerror}). Stop what uses it, or set {variable}."
                ) from None

    def _greet(self) -> None:
        host = "127.0.0.1" if settings.HOST in ("0.0.0.0", "::") else settings.HOST  # noqa: S104 (compared, not bound)
        address = settings.WANSTUDIO_URL or f"http://{host}:{settings.PORT}"
        self.stdout.write(f"\n  Wan Studio is at {address}\n")
        if not User.objects.exists() and not (is_loopback(address) and is_loopback(f"http://{settings.HOST}")):
            self.stdout.write(f"  To set it up from another machine, use the setup code {setup_code()}\n")
        if settings.PROVIDER == "sandbox":
            self.stdout.write("  No APIXO key: the sandbox stands in, and nothing is billed.\n")
        self.stdout.write("  Ctrl-C stops it.\n\n")
        self.stdout.flush()
