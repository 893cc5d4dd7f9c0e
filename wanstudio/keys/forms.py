"""The form of the provider's key: pasted once, never shown again."""

from django import forms
from django.core.validators import RegexValidator

from wanstudio.keys import in_force

NOT_A_KEY = "This is not a key: a key has letters, digits and signs, no spaces or line breaks. Copy it again."


class KeyForm(forms.Form):
    key = forms.CharField(
        label="Key",
        # Longer by far than any key, and checked below: a sentence of ours is better than “at most 400 characters”.
        max_length=10_000,
        widget=forms.PasswordInput(attrs={"class": "input", "autocomplete": "off", "id": "provider-key"}),
        validators=[RegexValidator(r"\A[!-~]{8,400}\Z", NOT_A_KEY)],
        error_messages={"required": f"Paste the key from {in_force.MAIN.display_name}’s dashboard."},
    )
