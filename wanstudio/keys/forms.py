"""The form of the provider's key: pasted once, never shown again."""

import re

from django import forms
from django.http import QueryDict

from wanstudio.keys import in_force

MIN_LENGTH, MAX_LENGTH = 8, 400


class KeyForm(forms.Form):
    key = forms.CharField(
        label="Key",
        # Longer by far than any key, and cleaned below: a sentence of ours is better than “at most 400 characters”.
        max_length=10_000,
        widget=forms.PasswordInput(render_value=False, attrs={"class": "input", "autocomplete": "off"}),
        error_messages={"required": f"Paste the key from {in_force.MAIN.display_name}’s dashboard."},
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id="provider-%s")

    def clean_key(self) -> str:
        key = str(self.cleaned_data["key"]).strip()
        if not MIN_LENGTH <= len(key) <= MAX_LENGTH or not re.fullmatch(r"[!-~]+", key):
            raise forms.ValidationError(
                "This is not a key: a key has letters, digits and signs, no spaces or line breaks. Copy it again."
            )
        return key
