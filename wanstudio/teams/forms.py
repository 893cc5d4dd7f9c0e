"""Forms of an invitation, a new account, a team's name, and the first run."""

from collections.abc import Mapping

from django import forms
from django.contrib.auth.password_validation import validate_password

from wanstudio.accounts.forms import clean_name
from wanstudio.accounts.models import User
from wanstudio.teams.models import Membership
from wanstudio.teams.words import KNOWN_ADDRESS

Posted = Mapping[str, object] | None


class InviteForm(forms.Form):
    """`roles`: what the inviter may invite to."""

    email = forms.EmailField(label="Email", required=False, max_length=254)

    def __init__(self, data: Posted = None, *, roles: list[str]) -> None:
        super().__init__(data)
        choices = [(role, Membership.Role(role).label) for role in roles]
        self.fields["role"] = forms.ChoiceField(label="Role", choices=choices)
        self.fields["email"].widget.attrs["autocomplete"] = "off"

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).strip().lower()


class JoinForm(forms.Form):
    """A new person's account. `email` is fixed where the invitation names one."""

    name = forms.CharField(label="Your name", max_length=100)
    email = forms.EmailField(label="Your email", max_length=254)
    password = forms.CharField(
        label="Password", help_text="12 characters or more", widget=forms.PasswordInput, strip=False, max_length=200
    )

    def __init__(self, data: Posted = None, *, email: str = "") -> None:
        super().__init__(data)
        self._email = email
        self.fields["name"].widget.attrs["autocomplete"] = "name"
        self.fields["email"].widget.attrs["autocomplete"] = "email"
        self.fields["password"].widget.attrs["autocomplete"] = "new-password"
        if email:
            del self.fields["email"]

    def clean(self) -> dict[str, object]:
        cleaned = self.cleaned_data
        cleaned["email"] = self._email or cleaned.get("email", "").strip().lower()
        cleaned["name"] = clean_name(cleaned.get("name", ""))
        if cleaned["email"] and User.objects.filter(email=cleaned["email"]).exists():
            self.add_error(None, KNOWN_ADDRESS)
        _refuse_weak_password(self)
        return cleaned


class TeamForm(forms.Form):
    name = forms.CharField(label="Team name", max_length=100)

    def clean_name(self) -> str:
        return clean_name(self.cleaned_data["name"])


class SetupForm(forms.Form):
    """The owner and the team. `code` is asked only of who is not on this machine."""

    team_name = forms.CharField(label="Team name", max_length=100)
    name = forms.CharField(label="Your name", max_length=100)
    email = forms.EmailField(label="Your email")
    password = forms.CharField(
        label="Password", help_text="12 characters or more", widget=forms.PasswordInput, strip=False, max_length=200
    )
    code = forms.CharField(label="Setup code", required=False, max_length=100)

    def __init__(self, data: Posted = None, *, ask_code: bool = False) -> None:
        super().__init__(data)
        if not ask_code:
            del self.fields["code"]

    def clean(self) -> dict[str, object]:
        _refuse_weak_password(self)
        return self.cleaned_data


def _refuse_weak_password(form: forms.Form) -> None:
    typed = form.cleaned_data
    if password := typed.get("password"):
        try:
            validate_password(password, User(email=typed.get("email", ""), name=typed.get("name", "")))
        except forms.ValidationError as weak:
            form.add_error("password", weak)
