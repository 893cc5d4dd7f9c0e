"""The first run's form."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from wanstudio.models import User


class SetupForm(forms.Form):
    """The owner and the team. `code` is asked only of who is not on this machine."""

    team_name = forms.CharField(label="Team name", max_length=100)
    name = forms.CharField(label="Your name", max_length=100)
    email = forms.EmailField(label="Your email")
    password = forms.CharField(
        label="Password", help_text="12 characters or more", widget=forms.PasswordInput, strip=False, max_length=200
    )
    code = forms.CharField(label="Setup code", required=False, max_length=100)

    def __init__(self, *args: Any, ask_code: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not ask_code:
            del self.fields["code"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if password := cleaned.get("password"):
            try:
                validate_password(password, User(email=cleaned.get("email", ""), name=cleaned.get("name", "")))
            except forms.ValidationError as weak:
                self.add_error("password", weak)
        return cleaned
