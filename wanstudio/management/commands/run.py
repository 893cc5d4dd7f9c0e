"""`manage.py run`: the whole studio on one machine."""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event

from django.conf import settings
from django.core.management.base import CommandParser
from django.db import DatabaseError, connection

from wanstudio.accounts.models import User
from wanstudio.jobs.models import ENDED, Job, State
from wanstudio.keys import in_force
from wanstudio.operations import startup
from wanstudio.operations.health import StudioCommand
from wanstudio.operations.supervisor import SIGNALS, Child, forked, supervise
from wanstudio.operations.web_server import listen
from wanstudio.teams.gate import setup_code


class Command(StudioCommand):
    help = "Runs web, worker, (with a broker) beat and (without a key) the sandbox, and restarts them if they end."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--prepare", action="store_true", help="First run the command prepare.")

    def handle(self, *args: object, prepare: bool, **options: object) -> None:
        os.chdir(settings.BASE_DIR)
        if prepare:
            _prepare()
        startup.require_safe()
        children = [Child("web", ["web"]), Child("worker", ["work"])]
        if settings.BROKER_URL:
            children.append(Child("beat", ["beat"]))
        listen(settings.HOST, settings.PORT).close()
        if needs_sandbox():
            listen("127.0.0.1", settings.SANDBOX_PORT, "SANDBOX_PORT").close()
        # It ends once a key is set in the page, and is started again once that is removed.
        children.append(Child("sandbox", ["sandbox"], is_needed=Lately(needs_sandbox)))
        stop = Event()
        for number in SIGNALS:
            signal.signal(number, lambda *_: stop.set())
        self._greet()
        supervise(children, stop)

    def _greet(self) -> None:
        self.stdout.write(f"\n  Wan Studio is at {settings.ADDRESS}\n")
        if not User.objects.exists():
            # A proxy in front of it can bring people who are asked for it.
            self.stdout.write(f"  Setup code, needed from another machine or behind a proxy: {setup_code()}\n")
        if in_force.provider_in_use() == in_force.SANDBOX:
            self.stdout.write(f"  No {in_force.MAIN.key_name}: the sandbox is used, and nothing is billed.\n")
        self.stdout.write("  Ctrl-C stops it.\n\n")
        self.stdout.flush()


def _prepare() -> None:
    """In a separate process, whose memory is freed afterwards."""
    process = forked("prepare")
    try:
        process.join()
    finally:
        process.terminate()
    if process.exitcode:
        sys.exit(process.exitcode)


def needs_sandbox() -> bool:
    """Whether jobs are sent there, or some are in progress there: a job finishes where it began.

    Unconfirmed jobs count, too: the sandbox can still call back for them.
    """
    if in_force.provider_in_use() == in_force.SANDBOX:
        return True
    return Job.objects.filter(provider=in_force.SANDBOX, state__in=set(State) - ENDED).exists()


class Lately:
    """The answer to a question, asked every 2 s; the last one while the database does not answer."""

    def __init__(self, ask: Callable[[], bool]) -> None:
        self._ask, self._at, self._answer = ask, float("-inf"), False

    def __call__(self) -> bool:
        if time.monotonic() - self._at > 2.0:
            self._at = time.monotonic()
            with suppress(DatabaseError):
                self._answer = self._ask()
            connection.close()
        return self._answer
