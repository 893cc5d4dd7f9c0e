"""Forms of an invitation, a new account, a team's name, and the first run."""

from collections.abc import Mapping, Sequence

from django import forms
from django.contrib.auth.password_validation import validate_password

from wanstudio.accounts.forms import LowerEmailField, NameField
from wanstudio.accounts.models import User
from wanstudio.teams.roles import Role
from wanstudio.teams.words import CODE_HELP, KNOWN_ADDRESS

Posted = Mapping[str, object] | None


class InviteForm(forms.Form):
    """`roles`: what the inviter can invite to."""

    email = LowerEmailField(label="Email", required=False, max_length=254)

    def __init__(self, data: Posted = None, *, roles: Sequence[Role]) -> None:
        super().__init__(data)
        self.fields["role"] = forms.ChoiceField(label="Role", choices=[(role.value, role.label) for role in roles])
        self.fields["email"].widget.attrs["autocomplete"] = "off"


class AccountForm(forms.Form):
    name = NameField(label="Your name", max_length=100)
    email = LowerEmailField(label="Your email", max_length=254)
    password = forms.CharField(
        label="Password", help_text="12 characters or more", widget=forms.PasswordInput, strip=False, max_length=200
    )

    def __init__(self, data: Posted = None) -> None:
        super().__init__(data)
        for field, means in (("name", "name"), ("email", "email"), ("password", "new-password")):
            self.fields[field].widget.attrs["autocomplete"] = means

    def clean(self) -> dict[str, object]:
        typed = self.cleaned_data
        if password := typed.get("password"):
            try:
                validate_password(password, User(email=typed.get("email", ""), name=typed.get("name", "")))
            except forms.ValidationError as weak:
                self.add_error("password", weak)
        return typed


class JoinForm(AccountForm):
    """`email` is fixed where the invitation names one."""

    def __init__(self, data: Posted = None, *, email: str = "") -> None:
        super().__init__(data)
        self._email = email
        if email:
            del self.fields["email"]

    def clean(self) -> dict[str, object]:
        cleaned = self.cleaned_data
        cleaned["email"] = self._email or cleaned.get("email", "")
        if cleaned["email"] and User.objects.filter(email=cleaned["email"]).exists():
            self.add_error(None, KNOWN_ADDRESS)
        return super().clean()


class TeamForm(forms.Form):
    name = NameField(label="Team name", max_length=100)


class SetupForm(AccountForm):
    """The owner and the team. `code` is asked only of who is not on this machine."""

    team_name = forms.CharField(label="Team name", max_length=100)
    code = forms.CharField(label="Setup code", required=False, max_length=100, help_text=CODE_HELP)

    def __init__(self, data: Posted = None, *, ask_code: bool = False) -> None:
        super().__init__(data)
        if not ask_code:
            del self.fields["code"]
