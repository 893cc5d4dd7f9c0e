"""`manage.py createowner`: the first run without a browser."""

import getpass
import os
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from wanstudio.teams.forms import SetupForm
from wanstudio.teams.models import AlreadySetUp
from wanstudio.teams.verbs import found_studio


class Command(BaseCommand):
    help = "Makes the owner and the team. The password comes from WANSTUDIO_PASSWORD or a prompt."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--team", required=True)
        parser.add_argument("--name", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        email, team = options["email"], options["team"]
        name = options["name"] or email.partition("@")[0]
        password = os.environ.get("WANSTUDIO_PASSWORD") or getpass.getpass("Password: ")
        form = SetupForm({"team_name": team, "name": name, "email": email, "password": password})
        if not form.is_valid():
            raise CommandError(_in_words(form.errors.get_json_data()))
        try:
            found_studio(team=team, name=name, email=form.cleaned_data["email"], password=password)
        except AlreadySetUp:
            raise CommandError("The studio already has its owner. Nothing was changed.") from None
        except ValidationError as wrong:
            raise CommandError(" ".join(wrong.messages)) from wrong
        self.stdout.write(f"{email} owns “{team}”. Sign in with that address.")


def _in_words(errors: Any) -> str:
    return " ".join(f"{field}: {wrong['message']}" for field, list_ in errors.items() for wrong in list_)
