"""Forms of one’s own account: name and address."""

from django import forms


def clean_name(name: str) -> str:
    return " ".join(name.split())


class NameForm(forms.Form):
    name = forms.CharField(label="Your name", max_length=100)

    def clean_name(self) -> str:
        return clean_name(self.cleaned_data["name"])


class EmailForm(forms.Form):
    email = forms.EmailField(label="New email", max_length=254)

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).strip().lower()
