"""`manage.py createowner`: the first run without a browser."""

import getpass

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from wanstudio.operations.health import StudioCommand
from wanstudio.settings_files import given
from wanstudio.teams.forms import SetupForm
from wanstudio.teams.verbs import AlreadySetUp, found_studio


class Command(StudioCommand):
    help = "Creates the owner and the team. The password comes from WANSTUDIO_PASSWORD (or its _FILE) or a prompt."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--team", required=True)
        parser.add_argument("--name", default="")

    def handle(self, *args: object, email: str, team: str, name: str, **options: object) -> None:
        name = name or email.partition("@")[0]
        password = given("WANSTUDIO_PASSWORD") or getpass.getpass("Password: ")
        form = SetupForm({"team_name": team, "name": name, "email": email, "password": password})
        if not form.is_valid():
            raise CommandError(" ".join(f"{field}: {text}" for field, errors in form.errors.items() for text in errors))
        try:
            found_studio(team=team, name=name, email=form.cleaned_data["email"], password=password)
        except AlreadySetUp:
            raise CommandError("The studio already has an owner. Nothing was changed.") from None
        except ValidationError as wrong:
            raise CommandError(" ".join(wrong.messages)) from wrong
        self.stdout.write(f"{email} owns “{team}”. Sign in with that address.")
