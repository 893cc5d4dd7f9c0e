"""The provider's key, as somebody pastes it. It is never shown again."""

import re
from typing import Any

from django import forms

from wanstudio.keys import in_force

SHORTEST, LONGEST = 8, 400


class KeyForm(forms.Form):
    key = forms.CharField(
        label="Key",
        # Longer by far than any key, and cleaned below: a sentence of ours is better than “at most 400 characters”.
        max_length=10_000,
        widget=forms.PasswordInput(render_value=False, attrs={"class": "input", "autocomplete": "off"}),
        error_messages={"required": f"Paste the key from {in_force.MAIN.display_name}’s dashboard."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "provider-%s")
        super().__init__(*args, **kwargs)

    def clean_key(self) -> str:
        key = str(self.cleaned_data["key"]).strip()
        if not SHORTEST <= len(key) <= LONGEST or not re.fullmatch(r"[!-~]+", key):
            raise forms.ValidationError(
                "This is no key: it has letters, digits and signs, and neither spaces nor line breaks. Copy it again."
            )
        return key
