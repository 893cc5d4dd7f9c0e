"""Form of a new API token."""

from datetime import datetime, timedelta

from django import forms
from django.utils import timezone

from wanstudio.api.models import ApiToken

DAYS = [("90", "90 days"), ("30", "30 days"), ("365", "a year"), ("", "never")]


class TokenForm(forms.Form):
    team = forms.IntegerField(widget=forms.HiddenInput)
    name = forms.CharField(
        max_length=60,
        label="What it is for",
        widget=forms.TextInput({"class": "input", "autocomplete": "off", "placeholder": "Nightly renders"}),
        error_messages={"required": "Give it a name, so that you know later what stops when you revoke it."},
    )
    scope = forms.ChoiceField(
        choices=ApiToken.Scope.choices,
        initial=ApiToken.Scope.READ,
        label="It may",
        widget=forms.Select({"class": "input"}),
    )
    days = forms.ChoiceField(
        choices=DAYS, required=False, initial="90", label="It ends after", widget=forms.Select({"class": "input"})
    )

    @property
    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=int(days)) if days else None
